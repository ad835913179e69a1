import Foundation
import Glibc
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

/// An output folder that goes away, or is replaced, while a run writes to it; and the room that is left in it.
@Suite struct OutputRootTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder
    private let gone: String
    private let replaced: String

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
        gone = "unwritable: the output folder `\(folder.path("out"))` is gone: it was deleted or moved during the run"
        replaced = "unwritable: the output `\(folder.path("out"))` is no longer the folder that the run began with"
    }

    private func failure() async -> String {
        do throws(OutputFailure) {
            return "no failure: \(try await output.save(foxJob()).path)"
        } catch {
            return words(of: error)
        }
    }

    private func failure(of file: any PendingOutput) async -> String {
        do throws(OutputFailure) {
            return "no failure: \(try await file.finish(RemoteResult(url: "")).file.path)"
        } catch {
            return words(of: error)
        }
    }

    @Test func `a deleted output folder is made again by the next run, and not before`() async throws {
        try output.checkWritable(batches: ["neon"])
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        try FileManager.default.removeItem(atPath: folder.path("out"))
        #expect(await failure(of: file) == gone)
        #expect(await failure() == gone)
        #expect(throws: OutputFailure.self) { try output.removePartial(of: foxJob()) }
        #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
        try output.checkWritable(batches: ["neon"])
        #expect(await failure() == "no failure: neon/007-a-fox.png")
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `a folder that appears in place of the deleted one is not written to`() async throws {
        try output.checkWritable(batches: [])
        try FileManager.default.removeItem(atPath: folder.path("out"))
        try folder.write("", to: "out/keep")
        #expect(await failure() == replaced)
        #expect(folder.tree == ["out/keep"])
    }

    @Test func `an output folder that was moved away keeps what it has, and gets nothing more`() async throws {
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        try FileManager.default.moveItem(atPath: folder.path("out"), toPath: folder.path("moved"))
        #expect(await failure(of: file) == gone)
        #expect(folder.tree == [])
        try folder.write("mine", to: "out")
        #expect(await failure() == replaced)
        try FileManager.default.removeItem(atPath: folder.path("out"))
        try folder.link("out", to: folder.path("other"))
        try folder.write("", to: "other/keep")
        #expect(await failure() == replaced)
        #expect(folder.tree == ["other/keep", "out"])
        // A link to where it is now is as good as itself.
        try FileManager.default.removeItem(atPath: folder.path("out"))
        try folder.link("out", to: folder.path("moved"))
        #expect(await failure() == "no failure: neon/007-a-fox.png")
    }

    @Test func `a batch's folder that was moved away is made again`() async throws {
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        try FileManager.default.moveItem(atPath: folder.path("out/neon"), toPath: folder.path("moved"))
        #expect(await failure(of: file) == "no failure: neon/007-a-fox.png")
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `a batch's folder that is deleted or replaced is told, by its name`() async throws {
        let path = folder.path("out/neon")
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        try FileManager.default.removeItem(atPath: path)
        #expect(
            await failure(of: file) == "unwritable: cannot make `\(path)/007-a-fox.png`: no such file or directory")
        try FileManager.default.removeItem(atPath: path)
        try folder.write("mine", to: "out/neon")
        #expect(await failure() == "unwritable: cannot open the folder `\(path)`: it is not a folder")
        #expect(try folder.text("out/neon") == "mine")
    }

    // MARK: Room

    private func free(_ name: String) throws -> Int64 {
        try OutputFolder(folder, name).freeBytes()
    }

    @Test func `the room is that of the folder, or of the nearest one above it`() throws {
        var status = statvfs()
        #expect(statvfs(folder.path, &status) == 0)
        let all = Int64(status.f_blocks) * Int64(status.f_frsize)
        for name in ["", "out", "a/b/c/", "a//b"] {
            let free = try free(name)
            #expect(free > 0 && free <= all)
        }
        #expect(folder.tree == [])
        #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
        try folder.write("", to: "file")
        let failure = #expect(throws: OutputFailure.self) { try free("file/out") }
        #expect(words(of: failure) == "unwritable: the output `\(folder.path("file/out"))` is not a folder")
        #expect(try OutputFolder(path: "no/such/folder", maxImageBytes: 1).freeBytes() > 0)
    }

    @Test func `a file system that does not say how large it is has room`() throws {
        #expect(try OutputFolder(path: "/proc/self", maxImageBytes: 1).freeBytes() == .max)
    }

    @Test func `room shrinks as files come, and a disk that turns read-only is told`() async throws {
        let path = folder.path("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { try Test.cancel("needs the right to mount") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let output = OutputFolder(path: path, maxImageBytes: 1 << 20)
        try output.checkWritable(batches: [])
        #expect(try output.freeBytes() == 65536)
        try await output.save(foxJob())
        #expect(try output.freeBytes() < 65536)
        try #require(mount("tmpfs", path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "size=64k") == 0)
        let failure = await #expect(throws: OutputFailure.self) { try await output.save(foxJob()) }
        #expect(words(of: failure).hasPrefix("unwritable: cannot make `\(path)/neon/"))
        #expect(words(of: failure).hasSuffix(": read-only file system"))
    }

    @Test func `a full disk keeps what it has when a file is to be repaired`() async throws {
        let path = folder.path("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=16k") == 0 else { try Test.cancel("needs the right to mount") }
        defer { umount2(path, Int32(MNT_DETACH)) }
        let output = OutputFolder(path: path, maxImageBytes: 1 << 20)
        let file = try await output.save(foxJob())
        try Data("damaged".utf8).write(to: URL(filePath: "\(path)/\(file.path)"))
        let image = Fixture.png.bytes + [UInt8](repeating: 0, count: 16_000)
        let failure = await #expect(throws: OutputFailure.self) {
            try await output.save(foxJob(place: .exactly(file.path)), image, pieces: 4096)
        }
        #expect(words(of: failure).hasSuffix("no space left on device"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(path)/neon") == ["007-a-fox.png"])
    }
}
