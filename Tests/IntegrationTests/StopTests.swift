import Foundation
import Testing

/// Runs that begin and end otherwise than with 0: limits, time, signals.
struct StopTests {
    @Test func `a job that fails for good ends the run with 3, and the others are made`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let bad = try bench.manifest(["no"], name: "bad", model: "test/fail", more: "retry: {attempts: 1}")
            let good = try bench.manifest(["yes"], name: "good")
            let run = try await bench.start("run", bad, good, "--base-url", server.baseURL).end()
            #expect(run.exit == 3, "\(run)")
            let jobs = try await bench.jobs()
            #expect(jobs.map(\.state).sorted() == ["done", "failed"])
            #expect(jobs.compactMap(\.error?.kind) == ["remote_failed"])
            let again = try await bench.start("run", bad, good, "--base-url", server.baseURL).end()
            #expect(again.exit == 3, "\(again)")
            #expect(try server.ledger().jobs == 2, "a failed job is left alone")
        }
    }

    @Test(arguments: [
        ["--max-jobs", "2"], ["--max-jobs", "0"], ["--config", "prices.yaml", "--budget", "0.25"], ["limits"],
    ])
    func `a run stops at its limit with 8, and the next one goes on`(_ options: [String]) async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            try bench.write("prices: {test/picture: 0.10}\n", to: "prices.yaml")
            let isOwn = options == ["limits"]
            let manifest = try bench.manifest(
                ["one", "two", "three", "four"], more: isOwn ? "limits: {max_jobs: 2}" : "")
            let arguments = ["run", manifest, "--base-url", server.baseURL] + (isOwn ? [] : options)
            let run = try await bench.start(arguments).end()
            #expect(run.exit == 8, "\(run)")
            let made = options.contains("0") ? 0 : 2
            #expect(try server.ledger().jobs == made)
            let batch = try await bench.batch()
            #expect(batch.done == made)
            #expect(batch.pending == 4 - made)
            let next = try await bench.start(arguments).end()
            #expect(next.exit == (made == 0 ? 8 : 0), "\(next)")
            #expect(try server.ledger().jobs == made * 2)
        }
    }

    @Test(arguments: [["--cutoff", "hard"], ["--drain-timeout", "1s"]])
    func `the time limit ends a run with 10, and what runs is fetched by the next`(_ options: [String]) async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "30s")
            let manifest = try bench.manifest(["one", "two"])
            let arguments = ["run", manifest, "--base-url", server.baseURL, "--max-duration", "2s"] + options
            let run = try await bench.start(arguments).end(within: 25)
            #expect(run.exit == 10, "\(run)")
            #expect(try await bench.batch().submitted == 2)
            try await server.process.killed()
            let fast = try await bench.server(port: server.port)
            let next = try await bench.run(manifest, at: fast.baseURL)
            #expect(next.exit == 0, "\(next)")
            #expect(try fast.ledger().jobs == 2)
        }
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func `a signal lets what runs come home and submits nothing more`(_ signal: Int32, _ code: Int32) async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "1s", "--workers", "4")
            let manifest = try bench.manifest((1...8).map { "wave \($0)" })
            let run = try bench.startRun(manifest, at: server.baseURL, "--concurrency", "3", "--rate", "50")
            try await eventually("running jobs") { try server.ledger().unfinished == 3 }
            run.send(signal)
            let ending = try await run.end()
            #expect(ending.exit == code, "\(ending)")
            let batch = try await bench.batch()
            let ledger = try server.ledger()
            #expect(ledger.unfinished == 0)
            #expect(batch.done == ledger.jobs)
            #expect(batch.pending == 8 - ledger.jobs)
            #expect(batch.pending > 0)
        }
    }

    @Test func `a signal that timeout sends twice at once lets what runs come home too`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "1s", "--workers", "4")
            let manifest = try bench.manifest((1...8).map { "wave \($0)" })
            let run = try bench.startRun(manifest, at: server.baseURL, "--concurrency", "3", "--rate", "50")
            try await eventually("running jobs") { try server.ledger().unfinished == 3 }
            run.send(SIGTERM)
            run.send(SIGTERM)
            let ending = try await run.end()
            #expect(ending.exit == 143, "\(ending)")
            #expect(try server.ledger().unfinished == 0)
            #expect(try await bench.batch().done == server.ledger().jobs)
        }
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func `a second signal ends at once, and the next run finishes the jobs`(_ signal: Int32, _ code: Int32) async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "60s")
            let manifest = try bench.manifest(["one", "two", "three"])
            let run = try bench.startRun(manifest, at: server.baseURL)
            try await eventually("stored job ids") { try await bench.jobs("output", "--only", "submitted").count == 3 }
            try await eventually("the end", within: 30) {
                run.send(signal)
                return !run.isRunning
            }
            let ending = try await run.end()
            #expect(ending.exit == code, "\(ending)")
            try await server.process.killed()
            let fast = try await bench.server(port: server.port)
            let next = try await bench.run(manifest, at: fast.baseURL)
            #expect(next.exit == 0, "\(next)")
            let ledger = try fast.ledger()
            #expect(ledger.jobs == 3)
            #expect(ledger.duplicates == 0)
        }
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func `a signal while a manifest is taken in leaves nothing of it, and the code is the signal's`(
        _ signal: Int32, _ code: Int32
    ) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let small = try bench.manifest(["one"], name: "small")
                let large = try bench.manifest(["two"], name: "large", more: "seeds: 5000000")
                let run = try bench.start("run", small, large, "--base-url", api.baseURL, "--log-format", "json")
                // One change that is too large for memory goes to the log before it is whole.
                let log = URL(filePath: bench.path("output/.nightjar/state.sqlite3-wal"))
                try await eventually("the manifest is being taken in") {
                    (try? log.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0) ?? 0 > 8 << 20
                }
                run.send(signal)
                let ending = try await run.end()
                #expect(ending.exit == code, "\(ending)")
                #expect(ending.errors.contains("while `large` was being taken in"), "\(ending)")
                #expect(api.requests.isEmpty)
                #expect(try await bench.batch(name: "small").pending == 1)
                let names = try await bench.nightjar("status", "--json").output
                #expect(!names.contains("large"), "\(names)")
            }
        }
    }

    @Test func `an API that cannot be reached ends the run with 69, and nothing is held`() async throws {
        try await Workbench.use { bench in
            let (socket, port) = try Socket.listening()
            socket.close()
            let manifest = try bench.manifest(["one"])
            let run = try await bench.run(manifest, at: "http://127.0.0.1:\(port)/v1", "--give-up-after", "2s")
            #expect(run.exit == 69, "\(run)")
            #expect(try await bench.batch().pending == 1)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `the server ends with 0 after a signal`(_ signal: Int32) async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            server.process.send(signal)
            #expect(try await server.process.end(within: 30).exit == 0)
        }
    }
}
