import Foundation
import Testing

/// `nightjar verify`, with and without `--repair`.
struct VerifyTests {
    private static let prompts = ["one", "two", "three"]

    /// Runs three jobs, and gives them in the order of their index.
    private func finished(_ bench: Workbench, _ baseURL: String) async throws -> [JobLine] {
        let run = try await bench.run(try bench.manifest(Self.prompts), at: baseURL, "--rate", "50")
        #expect(run.exit == 0, "\(run)")
        return try await bench.jobs()
    }

    private func damage(_ bench: Workbench, _ jobs: [JobLine]) throws {
        let damaged = bench.path("output/\(jobs[0].path ?? "")")
        var bytes = try #require(FileManager.default.contents(atPath: damaged))
        bytes[bytes.count / 2] ^= 0xFF
        try bytes.write(to: URL(fileURLWithPath: damaged))
        try FileManager.default.removeItem(atPath: bench.path("output/\(jobs[1].path ?? "")"))
    }

    private func report(_ ending: Ending) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any], "\(ending)")
    }

    @Test func `whole images are found whole, without a key`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            _ = try await finished(bench, server.baseURL)
            let verify = try await bench.nightjar("verify", environment: ["SERIKA_API_KEY": nil])
            #expect(verify.exit == 0, "\(verify)")
            #expect(verify.output.hasPrefix("3 images checked ("), "\(verify)")
            #expect(verify.output.hasSuffix(", all whole\n"), "\(verify)")
            #expect(verify.errors == "")
        }
    }

    @Test func `what is damaged or missing is found, and fetched again into its place`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let jobs = try await finished(bench, server.baseURL)
            let metadata = try bench.read("output/batch/metadata.jsonl")
            try damage(bench, jobs)
            let verify = try await bench.nightjar("verify", "--json")
            #expect(verify.exit == 3, "\(verify)")
            let found = try #require(try report(verify)["damaged"] as? [[String: Any]])
            #expect(found.map { $0["problem"] as? String } == ["damaged", "missing"])
            #expect(found.map { $0["key"] as? String } == [jobs[0].key, jobs[1].key])
            let repair = try await bench.nightjar("verify", "batch", "--repair", "--base-url", server.baseURL)
            #expect(repair.exit == 0, "\(repair)")
            #expect(repair.output.contains("2 repaired"), "\(repair)")
            let after = try await bench.nightjar("verify")
            #expect(after.exit == 0, "\(after)")
            #expect(try await bench.jobs().map(\.sha256) == jobs.map(\.sha256))
            #expect(try bench.read("output/batch/metadata.jsonl") == metadata)
            // The damaged file is kept.
            #expect(bench.files("output/.nightjar/damaged").contains { $0.hasSuffix(".png") })
            #expect(try server.ledger().jobs == 3, "nothing is paid for")
        }
    }

    @Test func `a batch's folder that was deleted comes back whole, metadata too`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            _ = try await finished(bench, server.baseURL)
            let metadata = try bench.read("output/batch/metadata.jsonl")
            try FileManager.default.removeItem(atPath: bench.path("output/batch"))
            let repair = try await bench.nightjar("verify", "--repair", "--base-url", server.baseURL)
            #expect(repair.exit == 0, "\(repair)")
            #expect(try bench.read("output/batch/metadata.jsonl") == metadata)
            #expect(try server.ledger().jobs == 3, "nothing is paid for")
        }
    }

    @Test func `an image that is another one now is recorded as that`() async throws {
        let other = try #require(Data(base64Encoded: Self.otherPicture))
        try await FakeAPI.use { request, api in
            request.isImage && api.requests.count(where: \.isImage) > 3 ? .bytes(200, other) : nil
        } _: { api in
            try await Workbench.use { bench in
                let jobs = try await finished(bench, api.baseURL)
                try damage(bench, jobs)
                let repair = try await bench.nightjar("verify", "--repair", "--base-url", api.baseURL)
                #expect(repair.exit == 0, "\(repair)")
                #expect(repair.output.contains("another one than before"), "\(repair)")
                let after = try await bench.jobs()
                #expect(after[0].sha256 != jobs[0].sha256)
                #expect(after[2] == jobs[2])
                #expect(try await bench.nightjar("verify").exit == 0)
                #expect(try bench.read("output/batch/metadata.jsonl").contains(after[0].sha256 ?? "-"))
            }
        }
    }

    @Test func `what the API no longer has is left, with what to type`() async throws {
        try await FakeAPI.use { request, api in
            request.isJob && api.requests.count(where: \.isImage) >= 3 ? .error(404) : nil
        } _: { api in
            try await Workbench.use { bench in
                let jobs = try await finished(bench, api.baseURL)
                try damage(bench, jobs)
                let repair = try await bench.nightjar("verify", "--repair", "--base-url", api.baseURL)
                #expect(repair.exit == 3, "\(repair)")
                let hint = "nightjar retry batch --job \(jobs[0].key.prefix(12)) --resubmit"
                #expect(repair.output.contains(hint), "\(repair)")
                #expect(!bench.files("output/.nightjar/damaged").contains { $0.hasSuffix(".png") })
            }
        }
    }

    @Test func `a refused key ends the repair at once`() async throws {
        try await FakeAPI.use { request, api in
            request.isJob && api.requests.count(where: \.isImage) >= 3 ? .error(401) : nil
        } _: { api in
            try await Workbench.use { bench in
                try damage(bench, try await finished(bench, api.baseURL))
                let repair = try await bench.nightjar(
                    "verify", "--repair", "--base-url", api.baseURL, "--downloads", "1")
                #expect(repair.exit == 13, "\(repair)")
                #expect(api.requests.count { $0.isJob && $0.earlier > 0 } <= 1)
            }
        }
    }

    @Test func `repair needs the key, the API of the jobs, and the state for itself`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "20s")
            let manifest = try bench.manifest(["one"])
            let run = try bench.startRun(manifest, at: server.baseURL)
            try await eventually("a submission") {
                try await bench.jobs("output", "--only", "submitted").count == 1 || !run.isRunning
            }
            let held = try await bench.nightjar("verify", "--repair", "--base-url", server.baseURL)
            #expect(held.exit == 11, "\(held)")
            try await run.killed()
            let elsewhere = try await bench.nightjar("verify", "--repair", "--base-url", "http://127.0.0.1:9/v1")
            #expect(elsewhere.exit == 78, "\(elsewhere)")
            #expect(elsewhere.errors.contains(server.baseURL), "\(elsewhere)")
            let keyless = try await bench.nightjar(
                "verify", "--repair", "--base-url", server.baseURL, environment: ["SERIKA_API_KEY": nil])
            #expect(keyless.exit == 78, "\(keyless)")
        }
    }

    @Test func `a rehearsal's images are repaired by its own API`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one"])
            let run = try await bench.nightjar("run", manifest, "--rehearse", environment: ["SERIKA_API_KEY": nil])
            #expect(run.exit == 0, "\(run)")
            let job = try #require(try await bench.jobs("rehearsal").first)
            try FileManager.default.removeItem(atPath: bench.path("rehearsal/\(job.path ?? "")"))
            let repair = try await bench.nightjar(
                "verify", "--repair", "--output", "rehearsal", environment: ["SERIKA_API_KEY": nil])
            #expect(repair.exit == 0, "\(repair)")
            #expect(try await bench.nightjar("verify", "--output", "rehearsal").exit == 0)
        }
    }

    @Test func `a damaged state is said to be that by every command`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            _ = try await finished(bench, server.baseURL)
            let state = bench.path("output/.nightjar/state.sqlite3")
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: state))
            // The pages behind the first, where the tables are.
            let size = try file.seekToEnd()
            for offset in stride(from: UInt64(4096), to: size, by: 4096) {
                try file.seek(toOffset: offset)
                try file.write(contentsOf: Data(repeating: 0xA5, count: 512))
            }
            try file.close()
            for arguments in [["status"], ["jobs"], ["why", "hero"], ["retry", "batch"], ["verify"]] {
                let ending = try await bench.start(arguments).end()
                #expect(ending.exit == 73, "\(arguments): \(ending)")
                #expect(ending.errors.contains("damaged"), "\(arguments): \(ending)")
                #expect(
                    ending.errors.contains("backup") || ending.errors.contains("nightjar verify"),
                    "\(arguments): \(ending)")
            }
        }
    }

    @Test func `without a state there is nothing to check, and none is made`() async throws {
        try await Workbench.use { bench in
            for arguments in [["verify"], ["verify", "--json"], ["verify", "--repair"]] {
                let ending = try await bench.start(arguments).end()
                #expect(ending.exit == 0, "\(ending)")
            }
            #expect(bench.files("output").isEmpty)
        }
    }

    /// 64×64 px: another picture than the API's usual one.
    private static let otherPicture =
        """
        iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAcklEQVR42mNgYOHgERCRkFFQ0dAxMLGwcXDx8AkIiYhJSMnIKSip\
        qGlo6eiZMGXGnAVLVqzZsGXHngNHTpy5cOXGnQdPXrz58OXHH4ZRA0YNGDVg1IBRA0YNGDVg1IBRA0YNGDVg1IBRA0YNGDVguBsA\
        AHs24GqR2oMfAAAAAElFTkSuQmCC
        """
}
