import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct ImageTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    private func failure(_ bytes: [UInt8], result: RemoteResult = RemoteResult(url: "")) async -> String {
        do throws(OutputFailure) {
            return "no failure: \(try await output.save(foxJob(), bytes, result: result))"
        } catch {
            return words(of: error)
        }
    }

    @Test(arguments: Fixture.all, [1, 63, 64, 5000])
    func `an image is told by its bytes, in whatever pieces they come`(image: Fixture, pieces: Int) async throws {
        let file = try await output.save(foxJob(), image.bytes, pieces: pieces)
        #expect(file.path == "neon/007-a-fox.\(image.ext)")
        #expect(file.bytes == Int64(image.bytes.count))
        #expect((file.width, file.height) == (13, 7))
        #expect(try folder.bytes("out/\(file.path)") == image.bytes)
        #expect(folder.tree == ["out/\(file.path)"])
    }

    @Test(arguments: Fixture.all)
    func `an image that is cut off anywhere is none`(image: Fixture) async throws {
        for length in 0..<image.bytes.count {
            let failure = await failure(Array(image.bytes.prefix(length)))
            #expect(failure.hasPrefix("not an image: "), "\(length) bytes: \(failure)")
        }
        #expect(folder.tree == [])
    }

    @Test(arguments: Fixture.all)
    func `damage is an image or none, and nothing worse`(image: Fixture) async throws {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<200 {
            var bytes = image.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
            }
            let failure = await failure(bytes)
            #expect(failure.hasPrefix("not an image: ") || failure.hasPrefix("no failure: "), "\(random): \(failure)")
        }
    }

    @Test(arguments: [Fixture.png, .baselineJPEG, .progressiveJPEG])
    func `bytes after the end do not matter`(image: Fixture) async throws {
        let bytes = image.bytes + [0, 0, 13, 10]
        #expect(try await output.save(foxJob(), bytes).bytes == Int64(bytes.count))
    }

    @Test(arguments: [
        ("", "the answer is empty"),
        (
            "\u{FEFF}\n<!DOCTYPE html><title>secret</title>",
            "it is not an image (PNG, JPEG, WebP, GIF, AVIF) but a page of HTML or XML"
        ),
        (#"{"error":{"message":"secret"}}"#, "it is not an image (PNG, JPEG, WebP, GIF, AVIF) but JSON"),
        ("\0\u{1}\u{2}\u{3}", "it is none of the formats PNG, JPEG, WebP, GIF, AVIF"),
        ("\n\n", "the answer is empty"),
        ("RIFF....AVI LIST secret", "it is none of the formats PNG, JPEG, WebP, GIF, AVIF"),
    ])
    func `what came instead of an image is named, and not quoted`(text: String, words: String) async throws {
        #expect(await failure(Array(text.utf8)) == "not an image: \(words)")
    }

    @Test func `a size other than the reported one is told`() async throws {
        let image = Fixture.png.bytes
        #expect(
            await failure(image, result: RemoteResult(url: "", width: 1024, height: 7))
                == "wrong size: the image is 13×7 px, but the API reported a width of 1024 px")
        #expect(
            await failure(image, result: RemoteResult(url: "", height: 8))
                == "wrong size: the image is 13×7 px, but the API reported a height of 8 px")
        #expect(folder.tree == [])
        #expect(await failure(image, result: RemoteResult(url: "", width: 13)).hasPrefix("no failure"))
    }

    @Test func `a result that does not end is stopped`() async throws {
        let output = OutputFolder(path: folder.path("out"), maxImageBytes: 2048)
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        let failure = #expect(throws: OutputFailure.self) {
            for _ in 0..<100 { try output.write([UInt8](repeating: 0, count: 100), to: file) }
        }
        #expect(
            words(of: failure)
                == "not an image: it is larger than 2 KiB, the limit that `--max-image-bytes` sets")
        file.abandon()
        #expect(folder.tree == [])
        let whole = OutputFolder(path: folder.path("out"), maxImageBytes: Int64(Fixture.png.bytes.count))
        try await whole.save(foxJob())
    }

    @Test func `a JPEG is read to its end through comments and data of any length`() async throws {
        let parts = Fixture.baselineJPEG.bytes
        var comments: [UInt8] = []
        for _ in 0..<5 { comments += [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 0xD9, count: 65533) }
        let stuffed = [[UInt8]](repeating: [0xFF, 0x00, 0xFF, 0xD3], count: 100_000).flatMap { $0 }
        var whole = Array(parts[..<2])
        whole += comments
        whole += parts[2..<(parts.count - 2)]
        whole += stuffed
        whole += [0xFF, 0xFF, 0xD9]
        #expect(try await output.save(foxJob(), whole, pieces: 10_000).width == 13)
        #expect(
            await failure(whole.dropLast(1))
                == "not an image: the JPEG is cut off: it ends after \(whole.count - 1) bytes")
    }

    @Test func `boxes of an AVIF that lie about their length are refused`() async throws {
        let image = Fixture.avif.bytes
        func box(_ type: String, _ length: [UInt8], _ content: [UInt8] = []) -> [UInt8] {
            length + type.utf8 + content
        }
        let endless: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(await failure(image + box("free", [0, 0, 0, 1], endless)).hasPrefix("not an image: the AVIF"))
        #expect(await failure(image + box("free", [0, 0, 0, 4])).hasPrefix("not an image: the AVIF"))
        #expect(await failure(image + box("free", [0xFF, 0xFF, 0xFF, 0xFF])).hasPrefix("not an image: the AVIF"))
        // A box without a length goes to the end, and one of 64 bits is as good as one of 32.
        _ = try await output.save(foxJob(), image + box("free", [0, 0, 0, 0], [1, 2, 3]))
        _ = try await output.save(foxJob(), image + box("free", [0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 16]))
        var nested: [UInt8] = []
        while nested.count < 60_000 {
            let length = nested.count + 12
            nested = box("meta", [0, 0, UInt8(length >> 8), UInt8(length & 255)], [0, 0, 0, 0] + nested)
        }
        _ = await failure(image + nested)
    }
}
