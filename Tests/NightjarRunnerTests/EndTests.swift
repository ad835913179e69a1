import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// How runs end before everything is done, and that they end.
@Suite(.timeLimit(.minutes(5)))
struct EndTests {
    private static let slow: ScriptedService.Script = {
        var script = ScriptedService.Script()
        script.duration = .seconds(100)
        return script
    }()

    @Test func `a claim that cannot be written ends the run, and what was claimed before is sent or pending again`()
        async throws
    {
        let claims = Locked(0)
        let bench = try Bench { call in
            guard case .claim = call else { return nil }
            let number = claims.withLock { claims in
                claims += 1
                return claims
            }
            return number == 2 ? StoreFailure.unwritable("no space left on device") : nil
        }
        try bench.takeIn("first", jobs: 1)
        try bench.takeIn("second", jobs: 1)
        #expect(try await bench.run().exit == .cannotWrite)
        let states = try await bench.states()
        #expect(states[.submitting] == nil && states[.unknown] == nil, "\(states)")
        #expect(states[.pending, default: 0] + bench.service.submissions.count == 2)
    }

    @Test(arguments: [(StopReason.interrupted, ExitCode.interrupted), (.terminated, .terminated)])
    func `a signal brings home what runs and submits nothing more`(reason: StopReason, exit: ExitCode) async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(.with(concurrency: 4)) { runner in
            try await bench.clock.sleep(until: .seconds(50))
            runner.stop(reason)
        }
        #expect(outcome.exit == exit)
        #expect(try await bench.states() == [.done: 4, .pending: 16])
        #expect(bench.service.submissions.count == 4)
    }

    @Test func `a signal after the last file has stopped nothing`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 1)
        let events = EventRecorder()
        let outcome = try await bench.clock.run {
            let runner = try await Runner(
                settings: .with(), asked: bench.store.batches().map(\.id),
                store: WatchedStore(bench.store, bench.clock), service: bench.service, tree: bench.tree,
                observer: events, time: bench.clock.timekeeper)
            _ = await runner.run()
            runner.stop(.terminated)
            return await runner.run()
        }
        #expect(outcome.exit == .success)
    }

    @Test func `a drain that takes too long is cut, and the rest stays submitted`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(.with(concurrency: 4) { $0.drainTimeout = .seconds(20) }) { runner in
            try await bench.clock.sleep(until: .seconds(10))
            runner.stop(.terminated)
        }
        #expect(outcome.exit == .terminated)
        #expect(try await bench.states() == [.submitted: 4, .pending: 16])
        #expect(bench.clock.now >= .seconds(29) && bench.clock.now <= .seconds(32))
    }

    @Test func `the time limit drains, or ends at once`() async throws {
        let draining = try Bench(Self.slow)
        try draining.takeIn(jobs: 20)
        #expect(
            try await draining.run(.with(concurrency: 4) { $0.maxDuration = .seconds(150) }).exit == .timeLimit)
        #expect(try await draining.states() == [.done: 8, .pending: 12])
        let hard = try Bench(Self.slow)
        try hard.takeIn(jobs: 20)
        let outcome = try await hard.run(
            .with(concurrency: 4) {
                $0.maxDuration = .seconds(150)
                $0.drainsAtTimeLimit = false
            })
        #expect(outcome.exit == .timeLimit)
        #expect(try await hard.states() == [.done: 4, .submitted: 4, .pending: 12])
        #expect(hard.clock.now <= .seconds(152))
    }

    @Test func `an API that never answers is given up after a minute`() async throws {
        var script = ScriptedService.Script()
        script.submit = { _ in .notSent("connection refused") }
        script.list = { _, _ in .failure(.unavailable("connection refused")) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 3)
        let outcome = try await bench.run()
        #expect(outcome.exit == .apiUnavailable)
        #expect(outcome.reason.contains("connection refused"))
        #expect(bench.clock.now >= .seconds(60) && bench.clock.now < .seconds(90))
        #expect(try await bench.states() == [.pending: 3])
    }

    @Test func `an API that has answered is waited for a quarter of an hour`() async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(100_000)
        script.look = { $0.time > .seconds(100) ? .failure(.unavailable("502")) : nil }
        script.list = { _, time in time > .seconds(100) ? .failure(.unavailable("502")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 3)
        #expect(try await bench.run().exit == .apiUnavailable)
        #expect(bench.clock.now >= .seconds(1000) && bench.clock.now < .seconds(1100))
        #expect(try await bench.states() == [.submitted: 3])
    }

    @Test func `an outage shorter than that is outlived`() async throws {
        var script = ScriptedService.Script()
        script.submit = { $0.time > .seconds(20) && $0.time < .seconds(700) ? .notSent("down") : nil }
        script.look = { $0.time > .seconds(20) && $0.time < .seconds(700) ? .failure(.unavailable("down")) : nil }
        script.list = { _, time in time > .seconds(20) && time < .seconds(700) ? .failure(.unavailable("down")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 30)
        #expect(try await bench.run(.with(concurrency: 4)).exit == .success)
        let during = bench.service.requestTimes.filter { $0 > .seconds(60) && $0 < .seconds(690) }
        #expect(during.count < 100)
    }

    @Test(arguments: ["submitted", "unknown", "ready", "done"])
    func `a state that cannot be written ends the run instead of hanging it`(step: String) async throws {
        var script = ScriptedService.Script()
        script.submit = {
            step == "unknown" ? .lost(Loss(.closed, "cut")) : $0.number > 100 ? .lost(Loss(.closed, "")) : nil
        }
        let bench = try Bench(script) { call in
            if case .record(let change) = call, change.to.name.rawValue == step {
                return StoreFailure.unwritable("the disk is full")
            }
            return nil
        }
        try bench.takeIn(jobs: 2)
        let outcome = try await bench.run()
        #expect(outcome.exit == .cannotWrite)
        #expect(outcome.reason == "the disk is full")
    }

    @Test func `after the machine has slept, progress is not told for every second missed`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn(jobs: 1)
        _ = try await bench.run { _ in
            try await bench.clock.sleep(until: .milliseconds(10_500))
            bench.clock.advance(by: .seconds(7000))
        }
        let told = bench.events.events.count { if case .progress = $0.kind { true } else { false } }
        #expect(told < 30)
    }
}
