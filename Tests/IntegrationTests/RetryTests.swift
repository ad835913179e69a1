import Foundation
import Synchronization
import Testing

/// `nightjar retry`, beside a run and without one.
struct RetryTests {
    /// Every submission is answered with this status, the first `count` times.
    private static func rejecting(_ count: Int) -> FakeAPI.Script {
        { request, _ in request.isSubmission && request.earlier < count ? .error(400, "not today") : nil }
    }

    /// The API takes what it is given, and the answer to the first submission is lost; its list is empty and says nothing.
    private static let losing: FakeAPI.Script = { request, _ in
        request.isSubmission && request.earlier == 0 ? .hangUp : nil
    }

    private static let quick: [String: String?] = [
        "NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "1s", "NIGHTJAR_PILOT": "0",
    ]

    @Test func `what failed is taken up again, and the next run goes on with it`() async throws {
        try await FakeAPI.use(Self.rejecting(2)) { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two"])
                let run = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(run.exit == 3, "\(run)")
                let retry = try await bench.nightjar("retry", "batch", environment: ["SERIKA_API_KEY": nil])
                #expect(retry.exit == 0, "\(retry)")
                #expect(retry.output.contains("is submitted again in its turn"), "\(retry)")
                #expect(retry.output.contains("to go on: `nightjar run` with the manifest of `batch`"), "\(retry)")
                #expect(try await bench.batch().pending == 2)
                // Again: nothing has failed any more.
                let again = try await bench.nightjar("retry", "--all")
                #expect(again.exit == 0, "\(again)")
                #expect(again.output.contains("nothing in `batch` has failed or was cancelled"), "\(again)")
                let last = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(last.exit == 0, "\(last)")
                #expect(api.submissions.count == 4)
            }
        }
    }

    @Test func `beside a run, it is that run that goes on with the job`() async throws {
        try await FakeAPI.use { request, api in
            if request.isSubmission, request.earlier == 0 { return .error(400, "not today") }
            // The second job keeps the run alive until the first has been tried again.
            let isHeldUp = request.isJob && request.name == "job-1" && api.submissions.count < 3
            return isHeldUp ? .json(200, #"{"id":"job-1","status":"PROCESSING","created_at":1700000000}"#) : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two"])
                let run = try bench.startRun(manifest, at: api.baseURL, environment: Self.quick)
                try await eventually("a failure") {
                    try await bench.jobs("output", "--only", "failed").count == 1 || !run.isRunning
                }
                let failed = try #require(try await bench.jobs("output", "--only", "failed").first)
                try await eventually("the other job at the API") { api.submissions.count == 2 || !run.isRunning }
                let retry = try await bench.nightjar("retry", "batch", "--job", String(failed.key.prefix(8)))
                #expect(retry.exit == 0, "\(retry)")
                #expect(retry.output.contains("the process that runs goes on with it"), "\(retry)")
                let ending = try await run.end()
                #expect(ending.exit == 0, "\(ending)")
                #expect(api.submissions.count == 3)
            }
        }
    }

    @Test func `a lost answer is explained, adopted when a person says which job it is, and not taken twice`()
        async throws
    {
        try await FakeAPI.use(Self.losing) { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two"])
                let run = try await bench.run(
                    manifest, at: api.baseURL, "--concurrency", "2", environment: Self.quick)
                #expect(run.exit == 9, "\(run)")
                let jobs = try await bench.jobs()
                let lost = try #require(jobs.first { $0.state == "unknown" })
                let other = try #require(jobs.first { $0.state == "done" })
                // Without a decision nothing happens, but it is said what would settle it.
                let plain = try await bench.nightjar("retry", "batch", "--job", lost.key)
                #expect(plain.exit == 64, "\(plain)")
                #expect(plain.errors.contains("--adopt JOBID"), "\(plain)")
                #expect(plain.errors.contains("--resubmit"), "\(plain)")
                // The id of another job is not taken.
                let taken = try #require(other.job_id)
                let refused = try await bench.nightjar("retry", "batch", "--job", lost.key, "--adopt", taken)
                #expect(refused.exit == 64, "\(refused)")
                #expect(refused.errors.contains(other.key), "\(refused)")
                let adopted = try await bench.nightjar("retry", "batch", "--job", lost.key, "--adopt", "job-77")
                #expect(adopted.exit == 0, "\(adopted)")
                #expect(adopted.output.contains("`job-77`"), "\(adopted)")
                // The same again changes nothing.
                let again = try await bench.nightjar("retry", "batch", "--job", lost.key, "--adopt", "job-77")
                #expect(again.exit == 0, "\(again)")
                #expect(again.output.contains("is `job-77` already"), "\(again)")
                let last = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(last.exit == 0, "\(last)")
                let done = try #require(try await bench.jobs().first { $0.key == lost.key })
                #expect(done.state == "done")
                #expect(done.job_id == "job-77")
                #expect(api.submissions.count == 2)
            }
        }
    }

    @Test func `a lost answer is paid for anew when a person says so, once`() async throws {
        try await FakeAPI.use(Self.losing) { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                let run = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(run.exit == 9, "\(run)")
                let key = try #require(try await bench.jobs().first).key
                let retry = try await bench.nightjar("retry", "batch", "--job", key, "--resubmit")
                #expect(retry.exit == 0, "\(retry)")
                #expect(retry.output.contains("paid for again"), "\(retry)")
                #expect(try await bench.batch().pending == 1)
                let again = try await bench.nightjar("retry", "batch", "--job", key, "--resubmit")
                #expect(again.exit == 0, "\(again)")
                #expect(again.output.contains("is under way already (`pending`)"), "\(again)")
            }
        }
    }

    @Test func `a job that timed out is fetched under its old id, and not paid for again`() async throws {
        let isDone = Mutex(false)
        try await FakeAPI.use { request, _ in
            guard request.isJob, !isDone.withLock({ $0 }) else { return nil }
            return .json(200, #"{"id":"job-1","status":"PROCESSING","created_at":1700000000}"#)
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"], more: "retry: {job_timeout: 1s}")
                let run = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(run.exit == 3, "\(run)")
                let key = try #require(try await bench.jobs().first).key
                let retry = try await bench.nightjar("retry", "batch", "--job", key)
                #expect(retry.exit == 0, "\(retry)")
                #expect(retry.output.contains("its old job `job-1` is asked for first"), "\(retry)")
                isDone.withLock { $0 = true }
                let last = try await bench.run(manifest, at: api.baseURL, environment: Self.quick)
                #expect(last.exit == 0, "\(last)")
                #expect(api.submissions.count == 1)
                #expect(try await bench.jobs().first?.job_id == "job-1")
            }
        }
    }

    @Test func `a done job is paid for again only with --resubmit, and its first image is kept`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                #expect(try await bench.run(manifest, at: api.baseURL, environment: Self.quick).exit == 0)
                let job = try #require(try await bench.jobs().first)
                let plain = try await bench.nightjar("retry", "batch", "--job", job.key)
                #expect(plain.exit == 0, "\(plain)")
                #expect(plain.output.contains("has been delivered; nothing to try again"), "\(plain)")
                let retry = try await bench.nightjar("retry", "batch", "--job", job.key, "--resubmit")
                #expect(retry.exit == 0, "\(retry)")
                #expect(try await bench.run(manifest, at: api.baseURL, environment: Self.quick).exit == 0)
                #expect(api.submissions.count == 2)
                let path = try #require(job.path)
                #expect(FileManager.default.fileExists(atPath: bench.path("output/\(path)")))
                #expect(try await bench.jobs().first?.path != path)
            }
        }
    }

    @Test func `what cannot be meant is refused with the nearest name or the candidates`() async throws {
        try await Workbench.use { bench in
            try bench.write(
                """
                version: 1
                name: night
                defaults: {model: test/picture, width: 64, height: 64}
                prompts:
                  - {id: hero, prompt: one}
                \((1...16).map { "  - moth \($0)" }.joined(separator: "\n"))
                """, to: "night.yaml")
            let run = try await bench.nightjar("run", "night.yaml", "--max-jobs", "0", "--quiet")
            #expect(run.exit == 8, "\(run)")
            // Of 17 keys, two begin with the same digit.
            let digits = Dictionary(grouping: try await bench.jobs().compactMap(\.key.first)) { $0 }
            let digit = String(try #require(digits.first { $0.value.count > 1 }?.key))
            let refusals: [([String], String)] = [
                (["retry"], "name the batches, or write `--all`"),
                (["retry", "night", "--all"], "not both"),
                (["retry", "nigth"], "did you mean `night`?"),
                (["retry", "night", "--job", "heor"], "did you mean `hero`?"),
                (["retry", "night", "--job", digit], "may be any of these jobs"),
                (["why", digit], "may be any of these jobs"),
                (["retry", "night", "--adopt", "job-1"], "needs exactly one `--job`"),
                (["retry", "night", "--resubmit"], "needs exactly one `--job`"),
                (["retry", "night", "--job", "hero", "--adopt", "job-1", "--resubmit"], "exclude each other"),
                (["why", "heor"], "did you mean `hero`?"),
                (["why", "hero", "--batch", "nigth"], "did you mean `night`?"),
                (["verify", "nigth"], "did you mean `night`?"),
            ]
            for (arguments, words) in refusals {
                let ending = try await bench.start(arguments).end()
                #expect(ending.exit == 64, "\(arguments): \(ending)")
                #expect(ending.errors.contains(words), "\(arguments): \(ending)")
                #expect(ending.output == "", "\(arguments): \(ending)")
            }
            let pending = try await bench.nightjar("retry", "night", "--job", "hero")
            #expect(pending.exit == 0, "\(pending)")
            #expect(pending.output.contains("is under way already (`pending`)"), "\(pending)")
        }
    }

    @Test func `without a state there is nothing to try again, and none is made`() async throws {
        try await Workbench.use { bench in
            let retry = try await bench.nightjar("retry", "--all")
            #expect(retry.exit == 64, "\(retry)")
            #expect(bench.files("output").isEmpty)
        }
    }
}
