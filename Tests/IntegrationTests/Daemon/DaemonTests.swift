import Foundation
import Glibc
import NightjarTestSupport
import Testing

/// `nightjar daemon`, a real process with real folders, signals and a server.
@Suite(.timeLimit(.minutes(5)))
struct DaemonTests {
    @Test func `a manifest that is dropped is run, and its result lies beside it`() async throws {
        try await Workbench.daemon { daemon, server in
            let process = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", prompts: 3), as: "evening.yaml")
            try await eventually("the result") { daemon.isThere("inbox/done/evening.yaml") }
            let result = try daemon.result("evening")
            #expect(result.exit == 0 && result.batches.map(\.name) == ["spring"])
            #expect(result.batches[0].done == 3 && result.batches[0].output == daemon.bench.path("images"))
            #expect(daemon.bench.files("images/spring").filter { $0.hasSuffix(".png") }.count == 3)
            #expect(try daemon.bench.read("images/spring/metadata.jsonl").split(separator: "\n").count == 3)
            #expect(daemon.names("inbox") == ["done", "failed"])
            process.send(SIGTERM)
            let ending = try await process.end()
            #expect(ending.exit == 0, "\(ending)")
            #expect(!ending.errors.contains(Workbench.key))
        }
    }

    @Test func `what is wrong is told beside the manifest, as on the terminal`() async throws {
        try await Workbench.daemon { daemon, server in
            _ = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", more: "promts: 3"), as: "typo.yml")
            try await eventually("the refusal") { daemon.isThere("inbox/failed/typo.yml") }
            let told = try daemon.bench.read("inbox/failed/typo.error.txt")
            let terminal = try await daemon.bench.nightjar("plan", "inbox/failed/typo.yml")
            #expect(terminal.exit == 65)
            #expect(told.hasPrefix("typo.yml:4:1: error: unknown key `promts`"), "\(told)")
            #expect(terminal.errors.replacing("inbox/failed/", with: "").hasPrefix(told.split(separator: "\n\n")[0]))
            #expect(try server.ledger().posts.count == 0)
        }
    }

    @Test func `a run does not take a batch away from its inbox`() async throws {
        try await Workbench.daemon { daemon, server in
            let first = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring"), as: "spring.yaml")
            try await eventually("the result") { daemon.isThere("inbox/done/spring.yaml") }
            first.send(SIGTERM)
            _ = try await first.end()
            try daemon.bench.write(DaemonBench.manifest("spring", prompts: 3), to: "spring.yaml")
            for command in ["plan", "run"] {
                let ending = try await daemon.bench.nightjar(command, "spring.yaml", "--config", "nightjar.yaml")
                #expect(ending.exit == 78, "\(ending)")
                #expect(
                    ending.errors.contains(
                        "the batch `spring` belongs to the inbox `\(daemon.bench.path("inbox"))`: the daemon runs it"),
                    "\(ending)")
            }
            // It still is the inbox's: what is edited is dropped there.
            _ = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", prompts: 2), as: "again.yaml")
            try await eventually("the second result") { daemon.isThere("inbox/done/again.yaml") }
            #expect(try server.ledger().posts.count == 2)
        }
    }

    @Test func `a term sees home what runs, and the next start goes on with the rest`() async throws {
        try await Workbench.daemon(#"{"job_time": 1}"#, configuration: "concurrency: 3\n") { daemon, server in
            let process = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", prompts: 12), as: "spring.yaml")
            try await eventually("some images") { daemon.bench.files("images/spring").count > 3 }
            process.send(SIGTERM)
            let ending = try await process.end()
            #expect(ending.exit == 0, "\(ending)")
            let before = try server.ledger()
            #expect(before.posts.count < 12)
            // All that was submitted is there.
            #expect(daemon.bench.files("images/spring").filter { $0.hasSuffix(".png") }.count == before.posts.count)
            #expect(daemon.isThere("inbox/.accepted/spring.yaml"))
            _ = try await daemon.start()
            try await eventually("the result") { daemon.isThere("inbox/done/spring.yaml") }
            #expect(try server.ledger().posts.count == 12)
            #expect(try daemon.result("spring").exit == 0)
        }
    }

    @Test func `what comes home in the drain has its result and its metadata, and a failure is not the daemon's`()
        async throws
    {
        let settings = #"{"job_time": 1.5, "job_script": ["fail_string"]}"#
        try await Workbench.daemon(settings) { daemon, server in
            let process = try await daemon.start()
            try daemon.drop(
                DaemonBench.manifest("spring", prompts: 3, more: "retry: {attempts: 1}"), as: "spring.yaml")
            try await eventually("the submissions") { try server.ledger().posts.count == 3 }
            process.send(SIGTERM)
            let ending = try await process.end()
            #expect(ending.exit == 0, "\(ending)")
            #expect(ending.errors.contains("the daemon has ended"))
            #expect(try daemon.result("spring").exit == 3)
            #expect(try daemon.bench.read("images/spring/metadata.jsonl").split(separator: "\n").count == 2)
        }
    }

    @Test func `a drain that takes too long is cut, and nothing is paid twice`() async throws {
        try await Workbench.daemon(#"{"job_time": 6}"#, configuration: "drain_timeout: 1s\n") { daemon, server in
            let process = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", prompts: 3), as: "spring.yaml")
            try await eventually("the submissions") { try server.ledger().posts.count == 3 }
            let begin = ContinuousClock.now
            process.send(SIGTERM)
            let ending = try await process.end(within: 20)
            #expect(ending.exit == 0, "\(ending)")
            #expect(ContinuousClock.now - begin < .seconds(15))
            _ = try await daemon.start()
            try await eventually("the result") { daemon.isThere("inbox/done/spring.yaml") }
            #expect(try server.ledger().posts.count == 3)
            #expect(try daemon.result("spring").batches[0].done == 3)
        }
    }

    @Test func `a hangup changes limits and inboxes without a missed beat, and mistakes change nothing`() async throws {
        try await Workbench.daemon(#"{"job_time": 0.5}"#, configuration: "concurrency: 1\n") { daemon, server in
            let process = try await daemon.start()
            try daemon.drop(DaemonBench.manifest("spring", prompts: 40), as: "spring.yaml")
            try await eventually("the first images") { try server.ledger().posts.count >= 2 }
            #expect(try server.ledger().totals.most_unfinished == 1)
            try daemon.configure("concurrency: nine\n")
            process.send(SIGHUP)
            try await eventually("word of the mistake") { process.errors.contains("the old one stays in place") }
            #expect(process.errors.contains("nightjar.yaml:"))
            try FileManager.default.createDirectory(
                atPath: daemon.bench.path("second"), withIntermediateDirectories: true)
            try daemon.configure(
                "concurrency: 10\ninbox: [\(daemon.bench.path("inbox")), \(daemon.bench.path("second"))]\n")
            process.send(SIGHUP)
            try await eventually("the new limit") { try server.ledger().totals.most_unfinished >= 9 }
            try daemon.drop(DaemonBench.manifest("summer"), as: "summer.yaml", inbox: "second")
            try await eventually("both results") {
                daemon.isThere("inbox/done/spring.yaml") && daemon.isThere("second/done/summer.yaml")
            }
            #expect(try server.ledger().posts.count == 41)
            #expect(try server.ledger().totals.most_unfinished <= 10)
        }
    }

    @Test func `another key takes effect with a hangup`() async throws {
        let settings = #"{"job_time": 0.05, "key": "first-key-0123456789"}"#
        try await Workbench.daemon(settings) { daemon, server in
            try daemon.bench.write("first-key-0123456789\n", to: "key")
            try daemon.configure("api_key_file: \(daemon.bench.path("key"))\n")
            let process = try await daemon.start(environment: ["SERIKA_API_KEY": nil])
            try daemon.drop(DaemonBench.manifest("one"), as: "one.yaml")
            try await eventually("the first result") { daemon.isThere("inbox/done/one.yaml") }
            // The API takes both for a while: nothing but the hangup says that another is to be used.
            try server.configure(#"{"key": ""}"#)
            try daemon.bench.write("second-key-0123456789\n", to: "key")
            process.send(SIGHUP)
            try await eventually("the reload") { process.errors.contains("the configuration has been read again") }
            try server.configure(#"{"key": "second-key-0123456789"}"#)
            try daemon.drop(DaemonBench.manifest("two"), as: "two.yaml")
            try await eventually("the second result") { daemon.isThere("inbox/done/two.yaml") }
            #expect(!process.errors.contains("requests wait"), "\(process.errors)")
            #expect(!process.errors.contains("key-0123456789"))
        }
    }

    @Test func `a hangup tries a key at once that was refused`() async throws {
        let settings = #"{"job_time": 0.05, "key": "good-key-0123456789"}"#
        try await Workbench.daemon(settings) { daemon, server in
            try daemon.bench.write("bad-key-0123456789\n", to: "key")
            try daemon.configure("api_key_file: \(daemon.bench.path("key"))\n")
            let process = try await daemon.start(environment: ["SERIKA_API_KEY": nil])
            try daemon.drop(DaemonBench.manifest("one"), as: "one.yaml")
            try await eventually("the refusal of the key") { process.errors.contains("requests wait") }
            try await eventually("what to do, in the status") {
                try await daemon.bench.nightjar("status", "--config", "nightjar.yaml").output.hasPrefix("to do")
            }
            try daemon.bench.write("good-key-0123456789\n", to: "key")
            process.send(SIGHUP)
            try await eventually("the result") { daemon.isThere("inbox/done/one.yaml") }
            #expect(try daemon.result("one").exit == 0)
        }
    }

    @Test func `people pause, resume, cancel and set limits beside it`() async throws {
        try await Workbench.daemon(#"{"job_time": 0.3}"#, configuration: "concurrency: 2\n") { daemon, server in
            _ = try await daemon.start()
            func nightjar(_ words: String...) async throws -> Ending {
                try await daemon.bench.start(words + ["--config", "nightjar.yaml"]).end()
            }
            try daemon.drop(DaemonBench.manifest("spring", prompts: 60), as: "spring.yaml")
            try await eventually("the first images") { try server.ledger().posts.count >= 4 }
            #expect(try await nightjar("pause", "spring").exit == 0)
            // What was out when it took effect.
            let paused = try server.ledger().posts.count
            let status = try await nightjar("status")
            #expect(status.output.contains("nightjar resume spring"), "\(status)")
            try await Task.sleep(for: .seconds(2))
            #expect(try server.ledger().posts.count <= paused + 1)
            #expect(try await nightjar("set", "--concurrency", "10").exit == 0)
            #expect(try await nightjar("resume", "spring").exit == 0)
            try await eventually("more at a time") { try server.ledger().totals.most_unfinished > 2 }
            let cancel = try await nightjar("cancel", "spring")
            #expect(cancel.exit == 0 && cancel.output.contains("cancelled"), "\(cancel)")
            try await eventually("the end") { daemon.isThere("inbox/done/spring.yaml") }
            #expect(try daemon.result("spring").exit == 0)
            let billed = try server.ledger().totals.billed
            #expect(billed < 60)
            #expect(try await nightjar("retry", "spring").exit == 0)
            try await eventually("the rest") { try server.ledger().totals.billed == 60 }
            try await eventually("another result") { try daemon.result("spring").batches[0].done == 60 }
            #expect(try server.ledger().totals.duplicates == 0)
        }
    }

    @Test func `systemd hears of the start, the reload, signs of life and the end`() async throws {
        try await Workbench.daemon { daemon, _ in
            let socket = try NotifyListener(daemon.bench.path("notify"))
            let process = try await daemon.start(environment: [
                "NOTIFY_SOCKET": daemon.bench.path("notify"), "WATCHDOG_USEC": "1000000",
            ])
            try await eventually("READY") { socket.heard("READY=1") }
            try await eventually("the status") { socket.heard("STATUS=waiting for manifests") }
            try await eventually("signs of life") { socket.count("WATCHDOG=1") >= 3 }
            process.send(SIGHUP)
            try await eventually("the reload") { socket.heard("RELOADING=1") && socket.count("READY=1") == 2 }
            #expect(socket.messages.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
            process.send(SIGTERM)
            #expect(try await process.end().exit == 0)
            #expect(socket.heard("STOPPING=1"))
        }
    }

    @Test func `a pump that is stuck gives no sign of life`() async throws {
        try await Workbench.daemon(configuration: "timeout: 1s\n") { daemon, _ in
            let socket = try NotifyListener(daemon.bench.path("notify"))
            let process = try await daemon.start(environment: [
                "NOTIFY_SOCKET": daemon.bench.path("notify"), "WATCHDOG_USEC": "1000000",
                "NIGHTJAR_FAILPOINT": "submitterWedged",
            ])
            try await eventually("signs of life") { socket.count("WATCHDOG=1") >= 2 }
            try daemon.drop(DaemonBench.manifest("spring"), as: "spring.yaml")
            // Four silences, but at least ten seconds.
            try await eventually("word of it") { process.errors.contains("the submitter has been at one step") }
            let count = socket.count("WATCHDOG=1")
            try await Task.sleep(for: .seconds(3))
            #expect(socket.count("WATCHDOG=1") == count)
            #expect(socket.messages.contains { $0.contains("STATUS=ill: the submitter") })
        }
    }
}
