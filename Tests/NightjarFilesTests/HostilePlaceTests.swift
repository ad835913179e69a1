import Foundation
import Glibc
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

/// Links where folders and files should be, and disks that cannot be written.
@Suite struct HostilePlaceTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    private func failure(_ job: OutputJob) async -> String {
        do throws(OutputFailure) {
            return "no failure: \(try await output.save(job).path)"
        } catch {
            return words(of: error)
        }
    }

    @Test(arguments: ["a", "a/b", "a/b/c"])
    func `a link in place of a folder is not followed, at whatever depth`(place: String) async throws {
        try folder.write("", to: "elsewhere/keep")
        try folder.link("out/\(place)", to: folder.path("elsewhere"))
        let failure = await failure(foxJob(path: "a/b/c/${seed}.${ext}"))
        #expect(
            failure == """
                unwritable: cannot open the folder `\(folder.path("out"))/\(place)`: \
                it is a symbolic link, which is not followed
                """)
        #expect(folder.tree == ["elsewhere/keep", "out/\(place)"])
        try output.removePartial(of: foxJob(path: "a/b/c/${seed}.${ext}"))
    }

    @Test func `links in place of files are not followed`() async throws {
        try folder.write("secret", to: "elsewhere")
        let links = [foxTemporaryName, ".nightjar-neon-\(foxKeyText).json.part", "007-a-fox.png", "007-a-fox-2.json"]
        for link in links { try folder.link("out/neon/\(link)", to: folder.path("elsewhere")) }
        #expect(try await output.save(foxJob(sidecars: [.json])).path == "neon/007-a-fox-3.png")
        #expect(try folder.text("elsewhere") == "secret")
    }

    @Test func `a link that appears while a file is written is not followed`() async throws {
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        try FileManager.default.moveItem(atPath: folder.path("out/neon"), toPath: folder.path("moved"))
        try folder.write("", to: "elsewhere/keep")
        try folder.link("out/neon", to: folder.path("elsewhere"))
        _ = try? await file.finish(RemoteResult(url: ""))
        #expect(!folder.tree.contains { $0.hasPrefix("elsewhere/") && $0 != "elsewhere/keep" })
    }

    @Test func `a file in place of a folder is told`() async throws {
        try folder.write("mine", to: "out/neon")
        #expect(
            await failure(foxJob())
                == "unwritable: cannot open the folder `\(folder.path("out"))/neon`: it is not a folder")
        #expect(try folder.text("out/neon") == "mine")
    }

    @Test func `a file in place of the output folder is told`() async throws {
        try folder.write("mine", to: "out")
        #expect(await failure(foxJob()) == "unwritable: the output `\(folder.path("out"))` is not a folder")
        let check = #expect(throws: OutputFailure.self) { try output.checkWritable(batches: []) }
        #expect(words(of: check) == "unwritable: the output `\(folder.path("out"))` is not a folder")
        let below = #expect(throws: OutputFailure.self) {
            try OutputFolder(folder, "out/a/b").checkWritable(batches: [])
        }
        #expect(words(of: below) == "unwritable: the output `\(folder.path("out/a/b"))` is not a folder")
        let dangling = TemporaryFolder.dangling(in: folder)
        let nowhere = #expect(throws: OutputFailure.self) {
            try OutputFolder(folder, dangling).checkWritable(batches: [])
        }
        #expect(words(of: nowhere).hasSuffix("no such file or directory"))
    }

    @Test func `a write that fails is told`() async throws {
        await #expect(processExitsWith: .success) { [path = folder.path("out") as String] in
            let output = OutputFolder(path: path, maxImageBytes: 1 << 20)
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 80, rlim_max: 80)
            guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(2) }
            do throws(OutputFailure) {
                try await output.save(foxJob())
                exit(3)
            } catch {
                exit(words(of: error).hasSuffix("\(foxTemporaryName)`: file too large") ? 0 : 4)
            }
        }
        #expect(folder.tree == [])
    }

    /// A file system of 64 KiB of a test's own; where it may not mount one, the test does not count.
    private func mountSmallDisk(_ options: UInt = 0) throws -> String {
        let path = folder.path("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", options, "size=64k") == 0 else {
            try Test.cancel("needs the right to mount")
        }
        return path
    }

    @Test func `a full disk is told, and leaves nothing half written`() async throws {
        let path = try mountSmallDisk()
        defer { umount2(path, Int32(MNT_DETACH)) }
        let output = OutputFolder(path: path, maxImageBytes: 1 << 20)
        try output.checkWritable(batches: [])
        let image = Fixture.png.bytes + [UInt8](repeating: 0, count: 80_000)
        let failure = await #expect(throws: OutputFailure.self) { try await output.save(foxJob(), image, pieces: 4096) }
        #expect(words(of: failure).hasSuffix("no space left on device"))
        #expect(try FileManager.default.subpathsOfDirectory(atPath: path + "/neon") == [])
        // Room for the image alone: its sidecars fail, and it does not appear without them.
        let filler = 64 * 1024 - 4096
        try Data(count: filler).write(to: URL(filePath: path + "/filler"))
        let half = await #expect(throws: OutputFailure.self) {
            try await output.save(foxJob(path: "x.${ext}", sidecars: [.json, .txt]))
        }
        #expect(words(of: half).hasSuffix("no space left on device"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == ["filler", "neon"])
    }

    @Test func `a read-only disk is told before anything is paid for`() async throws {
        let path = try mountSmallDisk(UInt(MS_RDONLY))
        defer { umount2(path, Int32(MNT_DETACH)) }
        let failure = #expect(throws: OutputFailure.self) {
            try OutputFolder(path: path, maxImageBytes: 1 << 20).checkWritable(batches: [])
        }
        #expect(words(of: failure).hasSuffix("read-only file system"))
    }
}

extension TemporaryFolder {
    /// A link to nowhere.
    static func dangling(in folder: TemporaryFolder) -> String {
        try? folder.link("dangling", to: "nowhere/at/all")
        return "dangling"
    }
}
