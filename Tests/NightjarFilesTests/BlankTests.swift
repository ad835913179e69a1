import Foundation
import NightjarCore
import NightjarTestSupport
import Pictures
import Testing

@testable import NightjarFiles

@Suite struct BlankTests {
    enum Encoding: CaseIterable {
        case png, fastPNG, jpeg, goodJPEG, webp, losslessWebP

        var ext: String {
            switch self {
            case .png, .fastPNG: "png"
            case .jpeg, .goodJPEG: "jpg"
            case .webp, .losslessWebP: "webp"
            }
        }

        func encode(_ canvas: Canvas) throws -> [UInt8] {
            switch self {
            case .png: try canvas.png()
            case .fastPNG: try canvas.png(level: 1)
            case .jpeg: try canvas.jpeg()
            case .goodJPEG: try canvas.jpeg(quality: 100)
            case .webp: try canvas.webp()
            case .losslessWebP: try canvas.webp(quality: nil)
            }
        }
    }

    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    private func canvas(_ size: Int, _ color: Color = .black) throws -> Canvas {
        let canvas = try Canvas(width: size, height: size)
        canvas.fill(.color(color))
        return canvas
    }

    private func isBlank(_ bytes: [UInt8]) async throws -> Bool {
        switch try await output.deliver(foxJob(), bytes) {
        case .image(let file):
            #expect(file.path.hasPrefix("neon/007-a-fox"))
            return false
        case .blank(let file):
            #expect(file.path.hasPrefix(".nightjar/filtered/neon/007-a-fox"))
            return true
        }
    }

    @Test(arguments: Encoding.allCases.filter { $0 != .fastPNG }, [16, 512, 1024])
    func `an image of one colour is blank, whatever its format and size`(encoding: Encoding, size: Int) async throws {
        for color in [Color.black, .white, Color(red: 0.5, green: 0.5, blue: 0.5)] {
            let delivery = try await output.deliver(foxJob(), encoding.encode(canvas(size, color)))
            #expect(delivery == .blank(delivery.file))
        }
        let names = ["", "-2", "-3"].map { "out/.nightjar/filtered/neon/007-a-fox\($0).\(encoding.ext)" }
        #expect(folder.tree == names.sorted())
    }

    @Test func `a PNG of one colour that was compressed with little effort is an image, unless it is small`()
        async throws
    {
        #expect(try await isBlank(canvas(64).png(level: 1)))
        #expect(try await !isBlank(canvas(512).png(level: 1)))
    }

    @Test(arguments: Encoding.allCases)
    func `an image with something on it is none, however little`(encoding: Encoding) async throws {
        let spot = try canvas(512, .white)
        spot.fillRectangle(x: 200, y: 300, width: 8, height: 8, .color(.black))
        #expect(try await !isBlank(encoding.encode(spot)))
        let gradient = try canvas(512)
        gradient.fill(.vertical(.black, Color(red: 0.1, green: 0.1, blue: 0.1), from: 0, to: 512))
        #expect(try await !isBlank(encoding.encode(gradient)))
    }

    @Test func `in a PNG every level counts, elsewhere two are nothing`() async throws {
        func grey(_ level: Int) -> Color { Color(red: Double(level) / 255, green: 0.5, blue: 0.5) }
        for (difference, blank) in [(0, true), (1, false), (2, false), (3, false)] {
            let canvas = try canvas(512, grey(100))
            canvas.fillRectangle(x: 0, y: 0, width: 1, height: 1, .color(grey(100 + difference)))
            #expect(try await isBlank(canvas.png()) == blank)
        }
        for (difference, blank) in [(0, true), (1, true), (2, true), (3, false)] {
            let canvas = try canvas(512, grey(100))
            canvas.fillRectangle(x: 0, y: 0, width: 64, height: 64, .color(grey(100 + difference)))
            #expect(try await isBlank(canvas.webp(quality: nil)) == blank)
        }
    }

    @Test func `what stands beside the pixels of a PNG does not hide that it is blank`() async throws {
        var png = PNGParts(try canvas(512).png())
        let text = Array("parameters\0".utf8) + [UInt8](repeating: 0x61, count: 300_000)
        png.chunks.insert(PNGParts.Chunk("tEXt", text), at: try png.index(of: "IDAT"))
        #expect(try await isBlank(png.bytes))
        #expect(try folder.bytes("out/.nightjar/filtered/neon/007-a-fox.png") == png.bytes)
    }

    @Test func `an image too large to be decoded is an image, blank or not`() async throws {
        #expect(try await !isBlank(canvas(5793).png(level: 1)))
        // Here the header alone is changed.
        func sized(_ width: UInt32, _ height: UInt32) throws -> [UInt8] {
            let png = PNGParts(try canvas(512).png())
            return png.with { $0[0].data.replaceSubrange(0..<8, with: bigEndian(width) + bigEndian(height)) }
        }
        #expect(try await !isBlank(sized((1 << 31) - 1, (1 << 31) - 1)))
        // Nor is one that cannot be decoded taken for blank.
        #expect(try await !isBlank(sized(513, 512)))
    }

    private func mayBeBlank(_ format: ImageFormat, _ bytes: [UInt8]) throws -> Bool {
        let path = folder.path("image")
        try Data(bytes).write(to: URL(filePath: path))
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        var reader = FileBytes(descriptor: file.fileDescriptor, count: Int64(bytes.count))
        return try format.examine(&reader).mayBeBlank
    }

    @Test func `only what is suspiciously small is decoded`() throws {
        let noise = try canvas(512)
        var random = SeededGenerator()
        for y in stride(from: 0, to: 512, by: 4) {
            for x in stride(from: 0, to: 512, by: 4) {
                let color = Color(red: .random(in: 0...1, using: &random), green: 0.5, blue: 0.5)
                noise.fillRectangle(x: x, y: y, width: 4, height: 4, .color(color))
            }
        }
        let blank = try canvas(512)
        let formats: [Encoding: ImageFormat] = [
            .png: .png, .jpeg: .jpeg, .goodJPEG: .jpeg, .webp: .webp, .losslessWebP: .webp,
        ]
        for (encoding, format) in formats {
            #expect(try mayBeBlank(format, encoding.encode(blank)), "\(encoding)")
            #expect(try !mayBeBlank(format, encoding.encode(noise)), "\(encoding): \(random)")
        }
        for image in [Fixture.gif, .avif] {
            let format = try #require(ImageFormat(head: Array(image.bytes.prefix(64))))
            #expect(try !mayBeBlank(format, image.bytes))
        }
    }

    @Test(arguments: [(1, 1, 257), (64, 64, 281), (100, 100, 316), (1000, 1000, 6256), (1 << 14, 1 << 14, 1_610_869)])
    func `a PNG is suspicious with less than three bytes for 500 pixels, and 256 more`(
        width: Int, height: Int, limit: Int
    ) throws {
        var png = PNGParts(try canvas(64).png())
        let pixels = try png.index(of: "IDAT")
        for depth: UInt8 in [8, 16] {
            png.chunks[0].data = bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [depth, 2, 0, 0, 0]
            for (bytes, isSuspicious) in [(limit - 1, true), (limit, false)] {
                png.chunks[pixels].data = [UInt8](repeating: 0, count: bytes)
                #expect(try mayBeBlank(.png, png.bytes) == isSuspicious, "\(bytes) bytes, \(depth) bits")
            }
        }
    }

    @Test func `of a PNG nothing but its pixels is given to the decoder`() throws {
        var png = PNGParts(try canvas(64).png())
        let pixels = try png.index(of: "IDAT")
        let others = ["tEXt", "zTXt", "iCCP", "pHYs", "eXIf"].map { PNGParts.Chunk($0, [1, 0, 2]) }
        let transparency = PNGParts.Chunk("tRNS", [0, 1, 0, 2, 0, 3])
        png.chunks.insert(
            contentsOf: others + [transparency, PNGParts.Chunk("tRNS", Array(0...255) + [0])], at: pixels)
        let path = folder.path("image")
        try Data(png.bytes + [9, 9, 9]).write(to: URL(filePath: path))
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        var reader = FileBytes(descriptor: file.fileDescriptor, count: Int64(png.bytes.count) + 3)
        let essential = PNGParts(try essentialPNG(&reader))
        #expect(essential.chunks.map(\.type) == ["IHDR", "tRNS", "IDAT", "IEND"])
        #expect(essential.chunks.contains(transparency))
        #expect(essential.bytes == (try essentialPNG(&reader)))
    }

    @Test func `a JPEG of very many scans is not decoded`() throws {
        var image = Fixture.progressiveJPEG.bytes
        let frame = try #require(image.indices.first { image[$0...].starts(with: [0xFF, 0xC2]) })
        // As if of 1024², so that the scans together are not too many bytes.
        image.replaceSubrange((frame + 5)..<(frame + 9), with: [4, 0, 4, 0])
        let scan = try #require(image.indices.last { image[$0...].starts(with: [0xFF, 0xDA]) })
        let pieces = Array(image[scan..<(image.count - 2)])
        func repeated(_ times: Int) -> [UInt8] {
            [UInt8](image[..<scan]) + Array(repeatElement(pieces, count: times).joined()) + [0xFF, 0xD9]
        }
        #expect(try mayBeBlank(.jpeg, repeated(1)))
        #expect(try mayBeBlank(.jpeg, repeated(10)))
        #expect(try !mayBeBlank(.jpeg, repeated(70)))
    }

    @Test func `blank images lie under the path that they would have had, with their sidecars`() async throws {
        let bytes = try canvas(64).png()
        let job = foxJob(
            path: "${batch}/../x/${seed}/.${slug}.${ext}".replacing("../", with: ""), sidecars: [.json, .txt])
        #expect(try await output.deliver(job, bytes).file.path == ".nightjar/filtered/neon/x/42/_a-fox.png")
        #expect(try await output.deliver(job, bytes).file.path == ".nightjar/filtered/neon/x/42/_a-fox-2.png")
        // One that is not blank finds the first name free, and so does a blank one beside it.
        #expect(try await output.save(job).path == "neon/x/42/_a-fox.png")
        let stem = "out/.nightjar/filtered/neon/x/42/_a-fox"
        #expect(
            folder.tree
                == ["", "-2"].flatMap { name in ["json", "png", "txt"].map { "\(stem)\(name).\($0)" } }.sorted()
                + ["json", "png", "txt"].map { "out/neon/x/42/_a-fox.\($0)" })
        #expect(try folder.text("\(stem).json").hasPrefix(#"{"file_name":"_a-fox.png","#))
    }

    @Test func `a seed that the API chose is in the name of a blank image too`() async throws {
        let job = foxJob(path: "${seed}/${seed}.${ext}", seed: nil)
        let delivery = try await output.deliver(job, try canvas(64).png(), result: RemoteResult(url: "", seed: 9))
        #expect(delivery.file.path == ".nightjar/filtered/9/9.png")
    }

    @Test func `a blank image that was not recorded is found again`() async throws {
        let bytes = try canvas(64).png()
        let first = try await output.deliver(foxJob(sidecars: [.json]), bytes)
        #expect(try await output.deliver(foxJob(sidecars: [.json], mayBeInPlace: true), bytes) == first)
        #expect(folder.tree.count == 2)
    }

    @Test func `links in the folder of blank images are not followed`() async throws {
        let bytes = try canvas(64).png()
        try folder.write("secret", to: "elsewhere/007-a-fox.png")
        let name = ".nightjar/filtered/neon/007-a-fox"
        try folder.link("out/\(name).png", to: folder.path("elsewhere/007-a-fox.png"))
        #expect(try await output.deliver(foxJob(), bytes).file.path == "\(name)-2.png")
        for place in [".nightjar/filtered/noir", ".nightjar/filtered", ".nightjar"] {
            let other = try TemporaryFolder()
            try other.link("out/\(place)", to: folder.path("elsewhere"))
            var job = foxJob()
            job.batch = "noir"
            let failure = await #expect(throws: OutputFailure.self) {
                _ = try await OutputFolder(other).deliver(job, bytes)
            }
            #expect(words(of: failure).hasSuffix("it is a symbolic link, which is not followed"))
            #expect(other.tree == ["out/\(place)"])
        }
        #expect(folder.tree.filter { $0.hasPrefix("elsewhere") } == ["elsewhere/007-a-fox.png"])
        #expect(try folder.text("elsewhere/007-a-fox.png") == "secret")
    }

    @Test func `many blank images at one time are all kept`() async throws {
        let bytes = try canvas(256).webp()
        let paths = await withTaskGroup(of: String?.self) { group in
            for index in 0..<12 {
                var job = foxJob(path: "same.${ext}")
                job.key = JobKey(high: 1, low: UInt64(index))
                group.addTask { [job] in try? await output.deliver(job, bytes).file.path }
            }
            return await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(paths.count == 12 && !paths.contains(nil))
    }
}
