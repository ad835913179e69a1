import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct MetadataFileTests {
    private let folder: TemporaryFolder
    private let file: MetadataFile

    init() throws {
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("out"), withIntermediateDirectories: false)
        file = MetadataFile(output: folder.path("out"), batch: "neon")
    }

    private func job(_ index: Int, path: String? = nil) -> JobSummary {
        let template = foxJob()
        let file = OutputFile(
            path: path ?? "neon/\(index).png", sha256: String(repeating: "a", count: 64), bytes: 105, width: 13,
            height: 7)
        return JobSummary(
            id: JobID(1), batch: "neon", key: foxKey, index: index, label: nil, state: .done, request: template.request,
            remoteID: template.remoteID, attempts: 1, file: file, error: nil, createdAt: template.createdAt,
            updatedAt: template.createdAt, variables: nil, meta: template.meta)
    }

    /// Rewrites as a caller does who keeps the last two hashes.
    private func rewrite(_ known: inout [String], _ jobs: [JobSummary]) async throws -> String {
        var remembered = known
        let path = try await file.rewrite(knownHashes: known) { hash in
            remembered = (remembered + [hash]).suffix(2)
        } lines: { add in
            for job in jobs { try add(job) }
        }
        known = remembered
        return path
    }

    @Test func `one line an image, each the same as its sidecar`() async throws {
        var known: [String] = []
        var unfinished = job(3)
        unfinished.file = nil
        let jobs = [job(1), unfinished, job(2, path: "other/x.png"), job(4, path: "neonate/y.png")]
        #expect(try await rewrite(&known, jobs) == "neon/metadata.jsonl")
        let lines = try folder.text("out/neon/metadata.jsonl").split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 4 && lines.last == "")
        #expect(
            lines[0] == #"""
                {"file_name":"1.png","prompt":"A fox","negative_prompt":null,"model":"m/1","width":13,"height":7,\#
                "steps":null,"cfg_scale":7.0,"sampler":null,"seed":42,"job_id":"job-1",\#
                "key":"0123456789abcdeffedcba9876543210","sha256":"\#(String(repeating: "a", count: 64))",\#
                "created_at":"2026-03-01T02:04:05.678Z","variables":{},"meta":{"split":"test"}}
                """#)
        #expect(lines[1].hasPrefix(#"{"file_name":"../other/x.png","#))
        #expect(lines[2].hasPrefix(#"{"file_name":"../neonate/y.png","#))
        #expect(folder.tree == ["out/neon/metadata.jsonl"])
    }

    @Test func `the file is replaced when its content changes, and left alone when not`() async throws {
        var known: [String] = []
        _ = try await rewrite(&known, [job(1)])
        let first = known
        func number() throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("out/neon/metadata.jsonl"))
            return attributes[.systemFileNumber] as? Int
        }
        let inode = try number()
        #expect(try await rewrite(&known, [job(1)]) == "neon/metadata.jsonl")
        #expect(known == first)
        #expect(try number() == inode)
        #expect(try await rewrite(&known, [job(1), job(2)]) == "neon/metadata.jsonl")
        #expect(known.count == 2)
        #expect(try folder.text("out/neon/metadata.jsonl").split(separator: "\n").count == 2)
        #expect(try await rewrite(&known, []) == "neon/metadata.jsonl")
        #expect(try folder.text("out/neon/metadata.jsonl") == "")
        #expect(folder.tree.count == 1)
    }

    @Test func `a person's own file stays, and ours has a number`() async throws {
        try folder.write("mine", to: "out/neon/metadata.jsonl")
        try folder.link("out/neon/metadata-2.jsonl", to: "../../elsewhere")
        var known: [String] = []
        #expect(try await rewrite(&known, [job(1)]) == "neon/metadata-3.jsonl")
        #expect(try await rewrite(&known, [job(2)]) == "neon/metadata-3.jsonl")
        #expect(try folder.text("out/neon/metadata.jsonl") == "mine")
        #expect(folder.tree.count == 3)
    }

    @Test func `a file of ours that a person has changed is theirs`() async throws {
        var known: [String] = []
        _ = try await rewrite(&known, [job(1)])
        try folder.write("mine now", to: "out/neon/metadata.jsonl")
        #expect(try await rewrite(&known, [job(2)]) == "neon/metadata-2.jsonl")
        #expect(try folder.text("out/neon/metadata.jsonl") == "mine now")
    }

    @Test func `however often a process dies before the rename, its own file stays known`() async throws {
        struct Died: Error {}
        var known: [String] = []
        _ = try await rewrite(&known, [job(1)])
        for index in 2..<6 {
            var calls = 0
            let before = known
            await #expect(throws: Died.self) {
                _ = try await file.rewrite(knownHashes: before) { hash in
                    known = (known + [hash]).suffix(2)
                    calls += 1
                    // The old hash may be said again; after the new one the process dies.
                    if calls == (index == 2 ? 1 : 2) { throw Died() }
                } lines: { add in
                    try add(job(index))
                }
            }
            #expect(folder.tree == ["out/neon/metadata.jsonl"])
        }
        #expect(try await rewrite(&known, [job(9)]) == "neon/metadata.jsonl")
    }

    @Test func `an error while lines are read leaves everything as it was`() async throws {
        struct Broken: Error {}
        await #expect(throws: Broken.self) {
            _ = try await file.rewrite(knownHashes: []) { _ in
            } lines: { add in
                try add(job(1))
                throw Broken()
            }
        }
        #expect(folder.tree == [])
        try folder.write("mine", to: "out/neon-file")
        let blocked = MetadataFile(output: folder.path("out"), batch: "neon-file")
        await #expect(throws: OutputFailure.self) {
            _ = try await blocked.rewrite(knownHashes: []) { _ in
            } lines: { _ in
            }
        }
    }

    @Test func `an output folder that is gone is not made again`() async throws {
        try FileManager.default.removeItem(atPath: folder.path("out"))
        let failure = await #expect(throws: OutputFailure.self) {
            _ = try await file.rewrite(knownHashes: []) { _ in
            } lines: { _ in
            }
        }
        #expect(words(of: failure).hasPrefix("unwritable: cannot open the output folder `\(folder.path("out"))`:"))
        #expect(!FileManager.default.fileExists(atPath: folder.path("out")))
    }

    @Test func `many lines are written whole`() async throws {
        var known: [String] = []
        _ = try await rewrite(&known, (0..<3000).map { job($0) })
        let lines = try folder.text("out/neon/metadata.jsonl").split(separator: "\n")
        #expect(lines.count == 3000)
        #expect(lines.enumerated().allSatisfy { $1.hasPrefix(#"{"file_name":"\#($0).png","#) })
    }
}
