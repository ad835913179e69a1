import NightjarCore
import NightjarRunner
import NightjarStore
import NightjarTestSupport
import Testing

/// Where nothing good comes any more a run ends, with the code that says why.
@Suite(.timeLimit(.minutes(5)))
struct GivingUpTests {
    @Test func `402 on a question ends the run, since nothing can be seen home`() async throws {
        var script = ScriptedService.Script()
        script.look = { _ in .failure(.refused(AccountTrouble(.paymentRequired, "top up"))) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(.with(concurrency: 4))
        #expect(outcome.exit == .accountBlocked, "\(outcome)")
        #expect(bench.clock.now < .seconds(60))
        #expect(try await bench.states() == [.submitted: 4, .pending: 16])
    }

    @Test(arguments: [nil, Duration.seconds(30)])
    func `an API that only asks for pauses is given up`(_ pause: Duration?) async throws {
        var script = ScriptedService.Script()
        script.submit = { _ in .throttled(RetryAfter(pause)) }
        script.list = { _, _ in .failure(.throttled(RetryAfter(pause))) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 5)
        let outcome = try await bench.run(.with { $0.giveUpAfter = .seconds(900) })
        #expect(outcome.exit == .apiUnavailable, "\(outcome)")
        #expect(bench.clock.now >= .seconds(900) && bench.clock.now < .seconds(1100), "\(bench.clock.now)")
        #expect(try await bench.states() == [.pending: 5])
    }

    @Test func `a pause that the API asks for is waited for, however long`() async throws {
        var script = ScriptedService.Script()
        script.submit = { $0.time < .seconds(60) ? .throttled(RetryAfter(.seconds(3600))) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 5)
        #expect(try await bench.run(.with { $0.giveUpAfter = .seconds(900) }).exit == .success)
        #expect(bench.clock.now > .seconds(3600))
    }

    /// One job whose answer an earlier run lost.
    private func lost(
        latency: Duration = .milliseconds(20), _ failure: RequestFailure
    ) async throws -> Bench {
        var losing = ScriptedService.Script()
        losing.submit = { _ in .lost(Loss(.closed, "cut off")) }
        losing.list = { _, _ in .failure(.rejected("no list here")) }
        let first = try Bench(losing)
        try first.takeIn(jobs: 1)
        #expect(try await first.run(.with { $0.unknownWait = .seconds(5) }).exit == .unknownLeft)
        var script = ScriptedService.Script()
        script.latency = latency
        script.list = { _, _ in .failure(failure) }
        return try Bench(script, after: first)
    }

    @Test(arguments: [Duration.seconds(1), .seconds(1000)])
    func `an API that never answers is given up, though only unknown jobs are left`(_ later: Duration) async throws {
        let bench = try await lost(.unavailable("connection refused"))
        try await bench.clock.run { try await bench.clock.sleep(until: bench.clock.now + later) }
        let start = bench.clock.now
        let outcome = try await bench.run(.with())
        #expect(outcome.exit == .apiUnavailable, "\(outcome)")
        #expect(bench.clock.now - start < .seconds(200))
    }

    @Test func `a decision that comes while the run ends is carried out, or left to the next run`() async throws {
        for second in stride(from: 56, through: 100, by: 4) {
            let bench = try await lost(latency: .seconds(15), .rejected("no list here"))
            let start = bench.clock.now
            let job = try #require(try await bench.store.openSubmissions().first).id.job
            let outcome = try await bench.run(
                .with(),
                meanwhile: { _ in
                    try await bench.clock.sleep(until: start + .seconds(second))
                    _ = try await bench.store.leave(.resubmit, for: job, now: bench.clock.wall)
                    bench.ring()
                })
            let states = try await bench.states()
            #expect([.success, .unknownLeft].contains(outcome.exit), "\(second): \(outcome), \(states)")
            #expect(outcome.exit == .success ? states == [.done: 1] : states == [.unknown: 1], "\(second): \(states)")
        }
    }

    @Test func `a pause that outlasts the drain ends it at once`() async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(100)
        script.look = { _ in .failure(.throttled(RetryAfter(.seconds(3600)))) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(.with(concurrency: 4)) { runner in
            try await bench.clock.sleep(until: .seconds(20))
            runner.stop(.interrupted)
        }
        #expect(outcome.exit == .interrupted, "\(outcome)")
        #expect(bench.clock.now < .seconds(30))
        #expect(try await bench.states() == [.submitted: 4, .pending: 16])
    }
}
