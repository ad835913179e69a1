import Foundation
import Testing

/// `pause`, `resume`, `cancel` and `set`, beside a run and without one, and what `status` says meanwhile.
struct SteeringTests {
    private static func start(
        _ bench: Workbench, _ server: JobsServer, _ jobs: Int, _ more: String...
    ) async throws -> NightjarProcess {
        let manifest = try bench.manifest((1...jobs).map { "wave \($0)" })
        let flags = ["--concurrency", "2", "--rate", "50", "--pilot", "0"] + more
        let run = try bench.start(["run", manifest, "--base-url", server.baseURL] + flags)
        try await eventually("an image") {
            guard try server.ledger().billed > 0 else { return false }
            return try await bench.batch().done > 0
        }
        return run
    }

    @Test func `a run whose batch is paused brings home what is out, and ends with 8; after a resume the next goes on`()
        async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "300ms")
            let run = try await Self.start(bench, server, 30)
            let pause = try await bench.nightjar("pause", "batch")
            #expect(pause.exit == 0 && pause.output.hasPrefix("batch is paused: "), "\(pause)")
            let ending = try await run.end()
            #expect(ending.exit == 8, "\(ending)")
            #expect(ending.errors.contains("paused: nightjar resume batch"), "\(ending)")
            let batch = try await bench.batch()
            #expect(
                batch.paused && batch.pending > 0 && batch.submitted == 0
                    && batch.action == "nightjar resume batch --output output")
            #expect(batch.waits_for?.reason == "paused")
            let again = try await bench.nightjar("pause", "batch")
            #expect(again.exit == 0 && again.output.hasPrefix("batch is paused already: "), "\(again)")
            let left = try #require(try await bench.jobs("output", "--only", "pending").first)
            let why = try await bench.nightjar("why", left.key)
            #expect(why.output.contains("its batch is paused by a person"), "\(why)")
            let resume = try await bench.nightjar("resume", "--all")
            #expect(resume.exit == 0 && resume.output.hasPrefix("everything goes on: "), "\(resume)")
            let next = try await bench.run("batch.yaml", at: server.baseURL, "--rate", "50")
            #expect(next.exit == 0, "\(next)")
            #expect(try server.ledger().jobs == 30)
        }
    }

    @Test func `a cancel beside a run ends it with 0, what is paid for comes home, and a retry takes it back`()
        async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "300ms")
            let run = try await Self.start(bench, server, 30)
            let cancel = try await bench.nightjar("cancel", "batch")
            #expect(cancel.exit == 0 && cancel.output.contains(" cancelled"), "\(cancel)")
            #expect(cancel.output.contains("to take it back: `nightjar retry batch`"), "\(cancel)")
            let ending = try await run.end()
            #expect(ending.exit == 0, "\(ending)")
            let batch = try await bench.batch()
            #expect(
                batch.done == (try server.ledger().jobs) && batch.done + batch.cancelled == 30 && batch.cancelled > 0)
            let again = try await bench.nightjar("cancel", "batch")
            #expect(again.exit == 0 && again.output.contains("nothing more to cancel"), "\(again)")
            let retry = try await bench.nightjar("retry", "batch")
            #expect(retry.exit == 0, "\(retry)")
            let next = try await bench.run("batch.yaml", at: server.baseURL, "--rate", "50", "--concurrency", "8")
            #expect(next.exit == 0, "\(next)")
            #expect(try server.ledger().jobs == 30)
        }
    }

    @Test func `limits change beside a run, and those of everything only there`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "300ms", "--workers", "8")
            let run = try await Self.start(bench, server, 60)
            try await eventually("the run's note") { try await bench.status().running != nil }
            let before = try #require(try await bench.status().running)
            #expect(
                before.command == "run" && before.pid == run.pid && before.concurrency == 2 && before.rate == "50/s")
            #expect(!before.set_by_hand)
            let set = try await bench.nightjar("set", "--concurrency", "6")
            #expect(set.exit == 0, "\(set)")
            #expect(set.output == "everything: concurrency 2 → 6\n")
            try await eventually("six at one time") { try server.ledger().max_unfinished == 6 }
            try await eventually("the new limit") { try await bench.status().running?.concurrency == 6 }
            #expect(try await bench.status().running?.set_by_hand == true)
            let own = try await bench.nightjar("set", "batch", "--priority", "-5", "--concurrency", "5")
            #expect(own.output == "batch: concurrency as for everything → 5, priority 0 → -5\n", "\(own)")
            #expect(try await run.end().exit == 0)
            #expect(try server.ledger().max_unfinished == 6)
            // Nothing runs any more.
            #expect(try await bench.status().running == nil)
            let refused = try await bench.nightjar("set", "--concurrency", "6")
            #expect(refused.exit == 64 && refused.errors.contains("nothing runs here"), "\(refused)")
            let kept = try await bench.nightjar("set", "batch", "--concurrency", "default")
            #expect(kept.exit == 0 && kept.output.contains("kept for the next run"), "\(kept)")
        }
    }

    @Test func `a killed run's note does not count`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--job-time", "300ms")
            let run = try await Self.start(bench, server, 30)
            try await eventually("the run's note") { try await bench.status().running != nil }
            try await run.killed()
            #expect(bench.files("output").contains(".nightjar/state.sqlite3.live"))
            let status = try await bench.status()
            #expect(status.running == nil && status.action == "nightjar run MANIFEST --output output", "\(status)")
        }
    }

    @Test func `single jobs are paused, cancelled and resumed`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let manifest = try bench.manifest(["one", "two", "three"])
            _ = try await bench.run(manifest, at: server.baseURL, "--max-jobs", "0")
            let keys = try await bench.jobs().map(\.key)
            let pause = try await bench.nightjar("pause", "batch", "--job", keys[0], "--job", keys[2])
            #expect(pause.exit == 0, "\(pause)")
            #expect(try await bench.jobs().map(\.paused) == [true, false, true])
            let cancel = try await bench.nightjar("cancel", "batch", "--job", keys[2])
            #expect(
                cancel.exit == 0 && cancel.output.contains("to take it back: `nightjar retry batch --job "), "\(cancel)"
            )
            let run = try await bench.run(manifest, at: server.baseURL)
            #expect(run.exit == 8, "\(run)")
            #expect(try await bench.jobs().map(\.state) == ["pending", "done", "cancelled"])
            let done = try await bench.nightjar("pause", "batch", "--job", keys[1])
            #expect(done.exit == 64 && done.errors.contains("at its end"), "\(done)")
            _ = try await bench.nightjar("resume", "batch", "--job", keys[0])
            #expect(try await bench.run(manifest, at: server.baseURL).exit == 0)
            #expect(try await bench.jobs().map(\.state) == ["done", "done", "cancelled"])
        }
    }

    @Test(arguments: [
        ["pause"], ["resume"], ["cancel"], ["pause", "batch", "--all"], ["set", "batch"], ["set", "--priority", "3"],
        ["set", "batch", "--rate", "fast"], ["set", "batch", "--priority", "1001"],
        ["set", "batch", "--concurrency", "0"],
        ["pause", "batch"], ["set", "batch", "--concurrency", "2"], ["status", "--watch", "--json"],
    ]) func `wrong usage ends with 64`(arguments: [String]) async throws {
        try await Workbench.use { bench in
            let ending = try await bench.start(arguments).end()
            #expect(ending.exit == 64 && ending.output.isEmpty && ending.errors.hasPrefix("error: "), "\(ending)")
        }
    }

    // MARK: Watching

    @Test(arguments: [40, 80, 200]) func `a terminal is redrawn in place, and Ctrl-C ends with 0`(
        columns: Int
    ) async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let manifest = try bench.manifest(["one", "two"])
            _ = try await bench.run(manifest, at: server.baseURL)
            let watch = try await bench.inTerminal(
                "status", "--watch", columns: columns, typing: [(after: "finished", text: "^C")],
                environment: ["NO_COLOR": "1"])
            #expect(watch.exit == 0, "\(watch)")
            #expect(watch.output.contains("time left"))
            #expect(!watch.output.contains("\u{1B}[3"), "no colours")
            #expect(watch.output.split(separator: "\n").count < 8, "nothing has changed, so it is drawn once")
        }
    }

    @Test func `a pipe is told whenever something has changed`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            let watch = try bench.start(["status", "--watch"])
            try await eventually("the first word") { watch.output.contains("no batches yet") }
            let manifest = try bench.manifest(["one", "two"])
            _ = try await bench.run(manifest, at: server.baseURL)
            try await eventually("the end of the batch") { watch.output.contains("finished") }
            let blocks = watch.output.components(separatedBy: "\n\n").count
            #expect(blocks >= 2 && blocks < 12, "\(watch.output)")
            watch.send(SIGINT)
            #expect(try await watch.end().exit == 0)
        }
    }
}
