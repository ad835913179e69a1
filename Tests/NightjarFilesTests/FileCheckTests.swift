import Foundation
import Glibc
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct FileCheckTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder
    private let check: FileCheck

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
        check = FileCheck(output: folder.path("out"))
    }

    @Test func `a file is whole until a bit flips`() async throws {
        let file = try await output.save(foxJob())
        #expect(try await check.verify(file) == .whole)
        var bytes = Fixture.png.bytes
        bytes[50] ^= 1
        try Data(bytes).write(to: URL(filePath: folder.path("out/\(file.path)")))
        guard case .damaged(let words) = try await check.verify(file) else {
            Issue.record("not damaged")
            return
        }
        #expect(words.hasPrefix("has the SHA-256 ") && words.hasSuffix(" instead of \(file.sha256)"))
        try Data(bytes.dropLast()).write(to: URL(filePath: folder.path("out/\(file.path)")))
        #expect(
            try await check.verify(file) == .damaged("has \(bytes.count - 1) bytes instead of \(bytes.count)"))
        try Data().write(to: URL(filePath: folder.path("out/\(file.path)")))
        #expect(try await check.verify(file) == .damaged("has 0 bytes instead of \(bytes.count)"))
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `a large file is read to its end`() async throws {
        let bytes = Fixture.png.bytes + [UInt8](repeating: 7, count: 900_000)
        let file = try await output.save(foxJob(), bytes, pieces: 65536)
        #expect(try await check.verify(file) == .whole)
        var other = bytes
        other[other.count - 1] = 8
        try Data(other).write(to: URL(filePath: folder.path("out/\(file.path)")))
        #expect(try await check.verify(file) != .whole)
    }

    @Test(arguments: ["out/neon/007-a-fox.png", "out/neon", "out"])
    func `what is deleted is missing, at whatever depth`(place: String) async throws {
        let file = try await output.save(foxJob())
        try FileManager.default.removeItem(atPath: folder.path(place))
        #expect(try await check.verify(file) == .missing)
        #expect(folder.tree == [])
    }

    @Test func `links are not followed, even to the right file`() async throws {
        let file = try await output.save(foxJob())
        let path = folder.path("out/neon/007-a-fox.png")
        try FileManager.default.moveItem(atPath: path, toPath: folder.path("kept.png"))
        try folder.link("out/neon/007-a-fox.png", to: folder.path("kept.png"))
        #expect(try await check.verify(file) == .damaged("is a symbolic link, which is not followed"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: folder.path("kept.png"), toPath: path)
        try FileManager.default.moveItem(atPath: folder.path("out/neon"), toPath: folder.path("moved"))
        try folder.link("out/neon", to: folder.path("moved"))
        let words = "is not there: a file or a symbolic link has the place of one of its folders"
        #expect(try await check.verify(file) == .damaged(words))
        try FileManager.default.removeItem(atPath: folder.path("out/neon"))
        try folder.write("", to: "out/neon")
        #expect(try await check.verify(file) == .damaged(words))
        // The output folder itself may be a link.
        try FileManager.default.removeItem(atPath: folder.path("out/neon"))
        try FileManager.default.moveItem(atPath: folder.path("moved"), toPath: folder.path("out/neon"))
        try folder.link("linked", to: folder.path("out"))
        #expect(try await FileCheck(output: folder.path("linked")).verify(file) == .whole)
    }

    @Test func `what is no file is not waited for`() async throws {
        let file = try await output.save(foxJob())
        let path = folder.path("out/neon/007-a-fox.png")
        try FileManager.default.removeItem(atPath: path)
        #expect(mkfifo(path, 0o600) == 0)
        #expect(try await check.verify(file) == .damaged("is not a regular file"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(try await check.verify(file) == .damaged("is not a regular file"))
    }

    @Test(arguments: ["../kept.png", "/etc/hostname.png", "neon/../../kept.png", ".nightjar/state.sqlite3", ""])
    func `a recorded path that leads elsewhere is not looked at`(path: String) async throws {
        var file = try await output.save(foxJob())
        try folder.write("", to: "kept.png")
        file.path = path
        #expect(
            try await check.verify(file)
                == .damaged("is recorded under a path that no image has below the output folder"))
    }

    @Test func `an output that is a file is an error, and nobody's damage`() async throws {
        let file = try await output.save(foxJob())
        try folder.write("", to: "file")
        let failure = await #expect(throws: OutputFailure.self) {
            _ = try await FileCheck(output: folder.path("file")).verify(file)
        }
        #expect(
            words(of: failure) == "unwritable: cannot open the output folder `\(folder.path("file"))`: not a directory")
    }
}
