import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Pictures
import Testing

/// Files that go elsewhere than into the tree, or back to where they were.
@Suite struct PlaceTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    private func failure(_ job: OutputJob, _ bytes: [UInt8] = Fixture.png.bytes) async -> String {
        do throws(OutputFailure) {
            return "no failure: \(try await output.deliver(job, bytes).file.path)"
        } catch {
            return words(of: error)
        }
    }

    private static func blank() throws -> [UInt8] { try Canvas(width: 13, height: 7).png() }

    // MARK: Duplicates

    @Test func `a second image of a job is kept aside, and the first knows nothing of it`() async throws {
        let first = try await output.save(foxJob(sidecars: [.json, .txt]))
        let before = folder.tree
        let job = foxJob(sidecars: [.json, .txt], place: .duplicates)
        #expect(try await output.save(job).path == ".nightjar/duplicates/neon/007-a-fox.png")
        #expect(try await output.save(job, Fixture.gif.bytes).path == ".nightjar/duplicates/neon/007-a-fox-2.gif")
        #expect(folder.tree.filter { !$0.hasPrefix("out/.nightjar/") } == before)
        #expect(folder.tree.count == 9)
        #expect(try folder.text("out/neon/007-a-fox.json").contains(first.sha256))
        // Not even while it is written.
        let file = output.begin(job)
        try output.write(Fixture.png.bytes, to: file)
        #expect(folder.tree.contains("out/.nightjar/duplicates/neon/\(foxTemporaryName)"))
        file.abandon()
        #expect(folder.tree.count == 9)
    }

    @Test func `a blank duplicate is a duplicate`() async throws {
        let delivery = try await output.deliver(foxJob(place: .duplicates), Self.blank())
        #expect(delivery == .blank(delivery.file))
        #expect(delivery.file.path == ".nightjar/duplicates/neon/007-a-fox.png")
    }

    @Test func `Nightjar's own folder is for its owner alone`() async throws {
        try await output.save(foxJob(place: .duplicates))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("out/.nightjar"))
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }

    @Test func `what was left half written is deleted in every place`() throws {
        let places = ["neon", ".nightjar/filtered/neon", ".nightjar/duplicates/neon", "old", ".nightjar/filtered/old"]
        let sidecar = ".nightjar-neon-\(foxKeyText).txt.part"
        for place in places {
            try folder.write("half", to: "out/\(place)/\(foxTemporaryName)")
            try folder.write("half", to: "out/\(place)/\(sidecar)")
            try folder.write("mine", to: "out/\(place)/007-a-fox.png")
        }
        try output.removePartial(of: foxJob())
        #expect(folder.tree.count { $0.hasSuffix(".part") } == 4)
        try output.removePartial(of: foxJob(place: .exactly("old/1.png")))
        #expect(folder.tree.count == 5 && !folder.tree.contains { $0.hasSuffix(".part") })
    }

    @Test func `what is left half written of a duplicate is written anew by the next one of the job`() async throws {
        let killed = output.begin(foxJob(place: .duplicates))
        try output.write(Array(Fixture.png.bytes.dropLast(9)), to: killed)
        var other = foxJob(place: .duplicates)
        other.remoteID = RemoteJobID("job-2")
        try await output.save(other)
        #expect(folder.tree == ["out/.nightjar/duplicates/neon/007-a-fox.png"])
        let again = output.begin(foxJob(place: .duplicates))
        try output.write(Fixture.png.bytes, to: again)
        try output.removePartial(of: foxJob())
        #expect(folder.tree == ["out/.nightjar/duplicates/neon/007-a-fox.png"])
    }

    // MARK: Repair

    @Test(arguments: [
        "neon/007-a-fox.png", "x.png", ".nightjar/filtered/neon/1.png", ".nightjar/duplicates/a/b/c-2.png",
    ])
    func `a damaged file is kept, and the new one has its very path`(path: String) async throws {
        try folder.write("damaged", to: "out/\(path)")
        let job = foxJob(place: .exactly(path))
        #expect(try await output.save(job).path == path)
        #expect(try folder.bytes("out/\(path)") == Fixture.png.bytes)
        #expect(try folder.text("out/.nightjar/damaged/\(path)") == "damaged")
        #expect(folder.tree == ["out/.nightjar/damaged/\(path)", "out/\(path)"].sorted())
        // Damaged again.
        try folder.write("damaged too", to: "out/\(path)")
        #expect(try await output.save(job).path == path)
        #expect(try folder.text("out/.nightjar/damaged/\(path)") == "damaged")
        #expect(try folder.text("out/.nightjar/damaged/\(path.dropLast(4))-2.png") == "damaged too")
        #expect(try await FileCheck(output: folder.path("out")).verify(output.save(job)) == .whole)
        #expect(folder.tree.count == 3)
    }

    @Test func `a missing file comes back, with its folder and the sidecars that are missing`() async throws {
        let first = try await output.save(foxJob(sidecars: [.json, .txt]))
        try folder.write("my words", to: "out/neon/007-a-fox.txt")
        for ext in ["png", "json"] {
            try FileManager.default.removeItem(atPath: folder.path("out/neon/007-a-fox.\(ext)"))
        }
        let job = foxJob(path: "elsewhere/${key}.${ext}", sidecars: [.json, .txt], place: .exactly(first.path))
        #expect(try await output.save(job) == first)
        #expect(try folder.text("out/neon/007-a-fox.txt") == "my words")
        #expect(try folder.text("out/neon/007-a-fox.json").hasPrefix(#"{"file_name":"007-a-fox.png","#))
        #expect(folder.tree.count == 3)
        try FileManager.default.removeItem(atPath: folder.path("out/neon"))
        #expect(try await output.save(job) == first)
        #expect(folder.tree.count == 3)
    }

    @Test func `a file that is whole after all stays where it is`() async throws {
        let first = try await output.save(foxJob())
        #expect(try await output.save(foxJob(place: .exactly(first.path))) == first)
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `a link or a folder in the place of a file is set aside as it is`() async throws {
        try folder.write("secret", to: "elsewhere")
        try folder.link("out/neon/1.png", to: folder.path("elsewhere"))
        try folder.write("inner", to: "out/neon/2.png/x")
        for name in ["neon/1.png", "neon/2.png"] {
            #expect(try await output.save(foxJob(place: .exactly(name))).path == name)
        }
        let damaged = folder.path("out/.nightjar/damaged/neon")
        #expect(
            try FileManager.default.destinationOfSymbolicLink(atPath: damaged + "/1.png") == folder.path("elsewhere"))
        #expect(try folder.text("out/.nightjar/damaged/neon/2.png/x") == "inner")
        #expect(try folder.text("elsewhere") == "secret")
    }

    @Test func `a blank image takes no place in the tree`() async throws {
        try folder.write("damaged", to: "out/neon/1.png")
        let delivery = try await output.deliver(foxJob(place: .exactly("neon/1.png")), Self.blank())
        #expect(delivery == .blank(delivery.file))
        #expect(delivery.file.path == ".nightjar/filtered/neon/1.png")
        #expect(try folder.text("out/neon/1.png") == "damaged")
        let again = try await output.deliver(foxJob(place: .exactly(delivery.file.path)), Self.blank())
        #expect(again == delivery)
        #expect(folder.tree.count == 2)
    }

    @Test func `another format cannot have a recorded path`() async throws {
        try folder.write("damaged", to: "out/neon/1.png")
        #expect(
            await failure(foxJob(place: .exactly("neon/1.png")), Fixture.gif.bytes)
                == "not an image: it is a GIF, which cannot take the place of `neon/1.png`")
        #expect(folder.tree == ["out/neon/1.png"])
    }

    @Test(arguments: [
        "", "/", "/etc/x.png", "../x.png", "a/../../x.png", "a/./x.png", "a//x.png", "a/x.png/", "x", ".png", "a/.png",
        ".nightjar/x.png", ".nightjar/state.sqlite3", ".nightjar/filteredx/x.png", ".nightjar/damaged/x.png",
        "a\0b/x.png", "..", "a/..",
    ])
    func `a recorded path that leads elsewhere is refused`(path: String) async throws {
        let message = await failure(foxJob(place: .exactly(path)))
        #expect(
            message == "unwritable: the recorded path `\(path)` is none that an image has below the output folder")
        #expect(throws: OutputFailure.self) { try output.removePartial(of: foxJob(place: .exactly(path))) }
        #expect(folder.tree == [])
    }

    @Test func `a link in place of a folder stops a repair`() async throws {
        try folder.write("secret", to: "elsewhere/1.png")
        try folder.link("out/neon", to: folder.path("elsewhere"))
        #expect(
            await failure(foxJob(place: .exactly("neon/1.png"))).hasSuffix("a symbolic link, which is not followed"))
        try folder.write("damaged", to: "out/noir/1.png")
        try folder.link("out/.nightjar", to: folder.path("elsewhere"))
        #expect(
            await failure(foxJob(place: .exactly("noir/1.png"))).hasSuffix("a symbolic link, which is not followed"))
        #expect(try folder.text("out/noir/1.png") == "damaged")
        #expect(folder.tree.count == 4)
    }
}
