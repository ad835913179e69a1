import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// What a run makes of each state that an earlier process may have left.
@Suite(.timeLimit(.minutes(5)))
struct RestartTests {
    /// Moves the first job of a new batch through these states, as an earlier process would have.
    private static func left(_ bench: Bench, in path: [JobLifecycle.State]) async throws {
        let batch = try bench.takeIn(jobs: 1)
        let job = try #require(try await bench.store.claim(1, of: batch, now: bench.clock.wall).first)
        var from = JobState.submitting
        for state in path {
            let outcome = try await bench.store.record(
                JobChange(job: job.id, batch: batch, from: from, to: state, at: bench.clock.wall))
            #expect(outcome == .recorded)
            from = state.name
        }
    }

    private static let id = RemoteJobID("job-77")
    private static let submitted = JobLifecycle.State.submitted(id, attempt: 1)
    private static let ready = JobLifecycle.State.ready(id, ScriptedService.result(of: id), attempt: 1)
    private static let file = OutputFile(path: "spring/0.png", sha256: "00", bytes: 1, width: 1, height: 1)

    /// A list that shows nothing, and does not say that it is whole.
    private static let unproven: ScriptedService.Script = {
        var script = ScriptedService.Script()
        script.list = { _, _ in .success(JobList(rows: [], hasMore: nil, date: nil)) }
        return script
    }()

    @Test func `submitting becomes unknown, and nothing is sent`() async throws {
        let bench = try Bench(Self.unproven)
        try await Self.left(bench, in: [])
        #expect(try await bench.run().exit == .unknownLeft)
        #expect(bench.service.submissions.isEmpty)
        #expect(try await bench.states() == [.unknown: 1])
    }

    @Test func `unknown stays unknown`() async throws {
        let bench = try Bench(Self.unproven)
        try await Self.left(bench, in: [.unknown(attempt: 1, FailureCause(.lost, "cut"))])
        #expect(try await bench.run().exit == .unknownLeft)
        #expect(bench.service.submissions.isEmpty)
        #expect(try await bench.store.jobs().first?.error == FailureCause(.lost, "cut"))
    }

    @Test func `submitted is asked for at once and brought home`() async throws {
        let bench = try Bench()
        try await Self.left(bench, in: [Self.submitted])
        bench.clock.advance(by: .seconds(5))
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.submissions.isEmpty)
        #expect(bench.service.looks.map(\.id) == [Self.id])
        #expect(try #require(bench.service.looks.first).time < .seconds(6))
    }

    @Test func `ready is fetched, after what is half written has been deleted`() async throws {
        let bench = try Bench()
        try await Self.left(bench, in: [Self.submitted, Self.ready])
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.requestTimes.isEmpty)
        #expect(bench.tree.partialsRemoved.count == 1)
        #expect(bench.tree.files.count == 1)
    }

    @Test func `waiting is submitted when its time has come`() async throws {
        let bench = try Bench()
        let due = bench.clock.wall + .seconds(30)
        try await Self.left(bench, in: [Self.submitted, .waiting(until: due, attempt: 1)])
        #expect(try await bench.run().exit == .success)
        let submission = try #require(bench.service.submissions.first)
        #expect(submission.time >= .seconds(30) && submission.time < .seconds(32))
        #expect(try await bench.store.jobs().first?.attempts == 2)
    }

    @Test func `pending again is submitted with the same key`() async throws {
        let bench = try Bench()
        let batch = try bench.takeIn(jobs: 1)
        let claimed = try #require(try await bench.store.claim(1, of: batch, now: bench.clock.wall).first)
        try await bench.store.record(
            JobChange(
                job: claimed.id, batch: batch, from: .submitting, to: .pending(attempt: 0), at: bench.clock.wall))
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.submissions.map(\.idempotencyKey) == [claimed.idempotencyKey])
    }

    @Test(arguments: [
        (JobLifecycle.State.done(file), ExitCode.success), (.filtered(file), .someFailed),
        (.failed(FailureCause(.download, "gone")), .someFailed), (.cancelled, .success),
    ]) func `what is finished is left alone`(state: JobLifecycle.State, exit: ExitCode) async throws {
        let bench = try Bench()
        try await Self.left(bench, in: [Self.submitted, Self.ready, state])
        #expect(try await bench.run().exit == exit)
        #expect(bench.service.requestTimes.isEmpty && bench.service.fetches.isEmpty)
        #expect(try await bench.states() == [state.name: 1])
    }

    @Test func `what the manifest no longer names is brought home, and not submitted again after a FAILED`()
        async throws
    {
        var script = ScriptedService.Script()
        script.look = { $0.id == Self.id ? .success(.failed("oom")) : nil }
        let bench = try Bench(script)
        try await Self.left(bench, in: [Self.submitted])
        try bench.store.takeIn(BatchSettings(name: "spring"), [.sample("another")], now: bench.clock.wall)
        #expect(try await bench.run().exit == .someFailed)
        #expect(bench.service.submissions.map(\.request.prompt) == ["another"])
        #expect(try await bench.states() == [.done: 1, .failed: 1])
    }

    @Test func `a failed job is asked for first when it may have been paid, else submitted anew`() async throws {
        let paid = try Bench()
        try await Self.left(paid, in: [Self.submitted, .failed(FailureCause(.timeout, "slow"))])
        #expect(try await paid.store.retryFailed(paid.store.batches().map(\.id), now: paid.clock.wall) == 1)
        #expect(try await paid.run().exit == .success)
        #expect(paid.service.submissions.isEmpty)
        let unpaid = try Bench()
        try await Self.left(unpaid, in: [Self.submitted, .failed(FailureCause(.remoteFailed, "oom"))])
        #expect(try await unpaid.store.retryFailed(unpaid.store.batches().map(\.id), now: unpaid.clock.wall) == 1)
        #expect(try await unpaid.run().exit == .success)
        #expect(unpaid.service.submissions.count == 1)
    }

    @Test func `recovered jobs, submitted and unknown, count against the concurrency`() async throws {
        let bench = try Bench()
        let batch = try bench.takeIn(jobs: 12)
        let jobs = try await bench.store.claim(3, of: batch, now: bench.clock.wall)
        for (place, job) in jobs.prefix(2).enumerated() {
            var lifecycle = job.lifecycle
            _ = lifecycle.accepted(RemoteJobID("old-\(place)"))
            try await bench.store.record(
                JobChange(job: job.id, batch: batch, from: .submitting, to: lifecycle.state, at: bench.clock.wall))
        }
        var script = ScriptedService.Script()
        script.look = { $0.age == nil && $0.time < .seconds(200) ? .success(.processing) : nil }
        script.list = { _, _ in .failure(.notFound) }
        let second = try Bench(script, after: bench)
        #expect(try await second.run(.with(concurrency: 4)).exit == .unknownLeft)
        let early = second.service.submissions.filter { $0.time < .seconds(100) }
        #expect(mostWithin(.seconds(10), of: early.map(\.time)) == 1)
        #expect(second.service.mostUnfinished <= 3)
    }

    @Test func `what was done long before this run says nothing about how long jobs take`() async throws {
        let bench = try Bench()
        try await Self.left(bench, in: [Self.submitted])
        bench.clock.advance(by: .seconds(36_000))
        try bench.takeIn("new", jobs: 20)
        #expect(try await bench.run(.with(concurrency: 1)).exit == .success)
        #expect(bench.clock.now < .seconds(36_500))
    }

    @Test func `an interrupted run and the next together submit each job once`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 40)
        _ = try await bench.run(.with(concurrency: 6) { $0.drainTimeout = .zero }) { runner in
            try await bench.clock.sleep(until: .seconds(25))
            runner.stop(.interrupted)
        }
        var script = ScriptedService.Script()
        script.ids = "second"
        let second = try Bench(script, after: bench)
        #expect(try await second.run(.with(concurrency: 6)).exit == .success)
        #expect(bench.service.submissions.count + second.service.submissions.count == 40)
        #expect(try await second.states() == [.done: 40])
    }
}
