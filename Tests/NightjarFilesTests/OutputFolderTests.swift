import Crypto
import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct OutputFolderTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    @Test func `a file has no name before it is whole`() async throws {
        let file = output.begin(foxJob())
        #expect(folder.tree == [])
        try output.write(Fixture.png.bytes, to: file)
        #expect(folder.tree == ["out/neon/\(foxTemporaryName)"])
        let saved = try await file.finish(RemoteResult(url: "")).file
        let hash = SHA256.hash(data: Fixture.png.bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        #expect(
            saved
                == OutputFile(
                    path: "neon/007-a-fox.png", sha256: hash.joined(), bytes: Int64(Fixture.png.bytes.count), width: 13,
                    height: 7))
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
        file.abandon()
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `files follow the umask`() async throws {
        let saved = try await output.save(foxJob(sidecars: [.txt]))
        let reference = folder.path("reference")
        #expect(FileManager.default.createFile(atPath: reference, contents: nil))
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try mode(folder.path("out/\(saved.path)")) == mode(reference))
        #expect(try mode(folder.path("out/neon/007-a-fox.txt")) == mode(reference))
    }

    @Test func `what is abandoned leaves nothing`() throws {
        let file = output.begin(foxJob())
        try output.write(Fixture.png.bytes, to: file)
        file.abandon()
        file.abandon()
        #expect(folder.tree == [])
    }

    @Test func `the output folder is made with its parents and may be a link`() async throws {
        try await OutputFolder(folder, "a/b/c/").save(foxJob(path: "${seed}.${ext}"))
        #expect(folder.tree == ["a/b/c/42.png"])
        try folder.link("linked", to: "a/b")
        try await OutputFolder(folder, "linked").save(foxJob(path: "${seed}.${ext}"))
        #expect(folder.tree == ["a/b/42.png", "a/b/c/42.png", "linked"])
    }

    @Test func `a name that is taken gets a number, and what has it stays`() async throws {
        try folder.write("mine", to: "out/neon/007-a-fox.png")
        try folder.link("out/neon/007-a-fox-2.png", to: "../../elsewhere.png")
        try FileManager.default.createDirectory(
            atPath: folder.path("out/neon/007-a-fox-3.png"), withIntermediateDirectories: false)
        #expect(try await output.save(foxJob()).path == "neon/007-a-fox-4.png")
        #expect(try await output.save(foxJob()).path == "neon/007-a-fox-5.png")
        #expect(try folder.text("out/neon/007-a-fox.png") == "mine")
        #expect(!FileManager.default.fileExists(atPath: folder.path("elsewhere.png")))
    }

    @Test func `many that want one name at a time all get one`() async throws {
        let paths = await withTaskGroup(of: String?.self) { group in
            for index in 0..<30 {
                var job = foxJob(path: "same.${ext}", sidecars: [.json, .txt])
                job.key = JobKey(high: 1, low: UInt64(index))
                group.addTask { [job] in try? await output.save(job).path }
            }
            return await group.reduce(into: Set<String>()) { $0.formUnion($1.map { [$0] } ?? []) }
        }
        #expect(paths.count == 30)
        #expect(folder.tree.count == 90)
        for path in paths {
            let sidecar = try folder.text("out/\(path.dropLast(4)).json")
            #expect(sidecar.hasPrefix(#"{"file_name":"\#(path)","#))
        }
    }

    @Test func `long, hidden and foreign names are made safe and kept`() async throws {
        let long = String(repeating: "長", count: 100)
        let job = foxJob(path: "\(long)/.${id}-\(long).${ext}", sidecars: [.json])
        let first = try await output.save(job).path
        let second = try await output.save(job).path
        #expect(first != second)
        for name in folder.tree.flatMap({ $0.split(separator: "/") }) {
            #expect(name.utf8.count <= 200 && !name.hasPrefix("."))
        }
        #expect(folder.tree.count == 4)
        #expect(try await output.save(foxJob(path: "É/${slug}.${ext}", prompt: "Дом 日本")).path == "É/дом-日本.png")
    }

    @Test func `a variable of the manifest is in the name, and stays below the output folder`() async throws {
        var job = foxJob(path: "${style}/${index:03}-${style}.${ext}", sidecars: [.json])
        job.variables = #"{"style":"ink"}"#
        #expect(try await output.save(job).path == "ink/007-ink.png")
        job.variables = #"{"style":"../../.ssh"}"#
        #expect(try await output.save(job).path == "_._.._.ssh/007-.._.._.ssh.png")
        job.variables = nil
        #expect(try await output.save(job).path == "_/007-.png")
        #expect(folder.tree.count == 6)
    }

    @Test func `a seed that the API chose is in the name`() async throws {
        let job = foxJob(path: "${seed}/x/${seed}.${ext}", seed: nil, sidecars: [.json])
        let result = RemoteResult(url: "", seed: 99)
        #expect(try await output.save(job, result: result).path == "99/x/99.png")
        #expect(try folder.text("out/99/x/99.json").contains(#""seed":99,"#))
        #expect(try await output.save(job).path == "server/x/server.png")
        #expect(try await output.save(foxJob(path: "${seed}.${ext}"), result: result).path == "42.png")
        #expect(folder.tree.count == 5)
    }

    @Test func `what an earlier process left half written is written anew`() async throws {
        try folder.write("half", to: "out/neon/\(foxTemporaryName)")
        try await output.save(foxJob())
        #expect(folder.tree == ["out/neon/007-a-fox.png"])
    }

    @Test func `what an earlier process left half written is deleted, and nothing else`() async throws {
        let job = foxJob(path: "${ext}/${seed}.${ext}", sidecars: [.json])
        try output.removePartial(of: job)
        for ext in ["png", "jpg", "webp", "gif", "avif"] {
            try folder.write("half", to: "out/\(ext)/\(foxTemporaryName)")
            try folder.write("mine", to: "out/\(ext)/42.png")
            try folder.write("other", to: "out/\(ext)/.nightjar-noir-\(foxKeyText).part")
        }
        try folder.write("half", to: "out/png/.nightjar-neon-\(foxKeyText).json.part")
        try output.removePartial(of: job)
        #expect(folder.tree.count == 10)
        #expect(!folder.tree.contains { $0.contains("neon") })
        try output.removePartial(of: foxJob(path: "${ext}/42.png/x.${ext}"))
    }

    @Test func `a batch with a long name has temporary files too`() async throws {
        var job = foxJob()
        job.batch = String(repeating: "b", count: 250)
        let file = output.begin(job)
        try output.write(Fixture.png.bytes, to: file)
        #expect(folder.tree.count == 1)
        try output.removePartial(of: job)
        #expect(folder.tree == [])
    }

    @Test func `checking leaves nothing behind`() throws {
        try output.checkWritable(batches: [])
        try output.checkWritable(batches: [])
        #expect(folder.tree == [])
        #expect(FileManager.default.fileExists(atPath: folder.path("out")))
    }
}
