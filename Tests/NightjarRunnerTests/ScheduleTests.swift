import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// When a run submits. Its clock begins at midnight, UTC.
@Suite(.timeLimit(.minutes(5)))
struct ScheduleTests {
    private static let slow: ScriptedService.Script = {
        var script = ScriptedService.Script()
        script.duration = .seconds(100)
        return script
    }()

    private static func schedule(
        window: String? = nil, notBefore: Duration? = nil, deadline: Duration? = nil, priority: Int = 0
    ) throws -> BatchSettings.Schedule {
        let midnight = ManualClock().wall
        return BatchSettings.Schedule(
            window: try window.map { try .init(text: $0) }, timeZone: "UTC", notBefore: notBefore.map { midnight + $0 },
            deadline: deadline.map { midnight + $0 }, priority: priority)
    }

    @Test func `nothing is asked of the API before the window opens, and then the list comes first`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 20, schedule: Self.schedule(window: "00:10-07:00"))
        #expect(try await bench.run(.with(concurrency: 4)).exit == .success)
        let first = try #require(bench.service.requestTimes.first)
        #expect(first >= .seconds(600) && first < .seconds(602))
        #expect(bench.service.lists.first == first)
        #expect(bench.service.submissions.allSatisfy { $0.time > first })
        #expect(try await bench.states() == [.done: 20])
        #expect(bench.events.gateReasons == ["spring waits for its window, opens 00:10 UTC", nil])
        let told = bench.events.events.compactMap { event in
            if case .gate(_, let until?) = event.kind { until } else { nil }
        }
        #expect(told.map(\.rfc3339) == ["2026-03-01T00:10:00.000Z"])
    }

    @Test func `not before means not before`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 2, schedule: Self.schedule(notBefore: .milliseconds(90_500)))
        #expect(try await bench.run().exit == .success)
        let first = try #require(bench.service.requestTimes.first)
        #expect(first >= .milliseconds(90_500) && first < .seconds(92))
    }

    @Test func `what runs when the window closes comes home, and nothing is asked after that`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn(jobs: 20, schedule: Self.schedule(window: "00:00-00:03"))
        let outcome = try await bench.run(.with(concurrency: 4) { $0.maxDuration = .seconds(900) })
        #expect(outcome.exit == .timeLimit)
        #expect(outcome.reason.contains("time limit"))
        #expect(try await bench.states() == [.done: 8, .pending: 12])
        #expect(bench.service.submissions.allSatisfy { $0.time < .seconds(180) })
        #expect(try #require(bench.service.requestTimes.last) < .seconds(260))
        #expect(bench.clock.now >= .seconds(900) && bench.clock.now < .seconds(905))
    }

    @Test func `what an earlier run submitted comes home while the window is closed`() async throws {
        let first = try Bench(Self.slow)
        try first.takeIn(jobs: 6, schedule: Self.schedule(window: "00:00-00:01"))
        _ = try await first.run(.with(concurrency: 4) { $0.drainTimeout = .zero }) { runner in
            try await first.clock.sleep(until: .seconds(50))
            runner.stop(.interrupted)
        }
        #expect(try await first.states() == [.submitted: 4, .pending: 2])
        first.clock.advance(by: .seconds(60))
        let second = try Bench(after: first)
        #expect(try await second.run(.with { $0.maxDuration = .seconds(100) }).exit == .timeLimit)
        #expect(try await second.states() == [.done: 4, .pending: 2])
        #expect(second.service.submissions.isEmpty)
    }

    @Test func `a lost submission that the API has not got waits for the window too`() async throws {
        var script = ScriptedService.Script()
        script.submit = { $0.number == 1 ? .lost(Loss(.closed, "cut off")) : nil }
        let bench = try Bench(script)
        // Closed for a while only.
        try bench.takeIn(jobs: 1, schedule: Self.schedule(window: "00:10-00:01"))
        let outcome = try await bench.run(
            .with {
                $0.settle = .seconds(70)
                $0.unknownWait = .seconds(20)
            })
        #expect(outcome.exit == .success)
        #expect(bench.service.submissions.count == 2)
        let again = try #require(bench.service.submissions.last?.time)
        #expect(again >= .seconds(600) && again < .seconds(700))
    }

    @Test func `at the deadline nothing more is submitted, what runs comes home, and the rest is left`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn(jobs: 20, schedule: Self.schedule(deadline: .seconds(150)))
        let outcome = try await bench.run(.with(concurrency: 4))
        #expect(outcome.exit == .timeLimit)
        #expect(outcome.reason.hasPrefix("spring is past its deadline, 2026-03-01 00:02:30 UTC; 12 left"))
        #expect(try await bench.states() == [.done: 8, .pending: 12])
    }

    @Test func `a deadline that has passed before the start ends the run at once, without a request`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3, schedule: Self.schedule(deadline: .seconds(-60)))
        let outcome = try await bench.run()
        #expect(outcome.exit == .timeLimit)
        #expect(outcome.reason.contains("is past its deadline, 2026-02-28 23:59 UTC; 3 left"))
        #expect(outcome.needs == ["a later `deadline` for spring"])
        #expect(bench.service.requestTimes.isEmpty)
        #expect(bench.clock.now < .seconds(2))
    }

    @Test func `a window that does not open before the deadline is not waited for`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3, schedule: Self.schedule(window: "22:00-23:00", deadline: .seconds(36_000)))
        let outcome = try await bench.run()
        #expect(outcome.exit == .timeLimit)
        #expect(outcome.reason.contains("its window does not open before its deadline, 10:00 UTC"))
        #expect(bench.service.requestTimes.isEmpty && bench.clock.now < .seconds(2))
    }

    @Test func `a deadline leaves nothing of what is done`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3, schedule: Self.schedule(deadline: .seconds(100)))
        #expect(try await bench.run().exit == .success)
        bench.clock.advance(by: .seconds(200))
        let later = try Bench(after: bench)
        #expect(try await later.run().exit == .success)
    }

    @Test func `other batches go on past a deadline, and it is told meanwhile`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn("late", jobs: 8, schedule: Self.schedule(deadline: .seconds(50)))
        try bench.takeIn("free", jobs: 8)
        #expect(try await bench.run(.with(concurrency: 4)).exit == .timeLimit)
        #expect(try await bench.states("free") == [.done: 8])
        #expect(try await bench.states("late")[.pending] ?? 0 > 0)
        let told = bench.events.gateReasons.compactMap(\.self).filter { $0.hasPrefix("stopped: late is past") }
        #expect(told.count == 1)
    }

    @Test func `other batches go on while one waits, and it is told which`() async throws {
        let bench = try Bench(Self.slow)
        try bench.takeIn("night", jobs: 4, schedule: Self.schedule(window: "00:20-00:00"))
        try bench.takeIn("day", jobs: 8)
        #expect(try await bench.run(.with(concurrency: 4)).exit == .success)
        let night = bench.service.submissions.filter { $0.request.prompt.hasPrefix("night") }
        let day = bench.service.submissions.filter { $0.request.prompt.hasPrefix("day") }
        #expect(night.count == 4 && night.allSatisfy { $0.time >= .seconds(1200) })
        #expect(day.count == 8 && day.allSatisfy { $0.time < .seconds(200) })
        #expect(bench.events.gateReasons == ["night waits for its window, opens 00:20 UTC", nil])
        let events = bench.events.events.filter { if case .gate = $0.kind { true } else { false } }
        #expect(events.map(\.batch) == ["night", "night"])
    }

    @Test(arguments: [(StopReason.interrupted, ExitCode.interrupted), (.terminated, .terminated)])
    func `a signal ends the waiting at once`(reason: StopReason, exit: ExitCode) async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3, schedule: Self.schedule(window: "22:00-07:00", notBefore: .seconds(3600)))
        let outcome = try await bench.run { runner in
            try await bench.clock.sleep(until: .milliseconds(100_250))
            runner.stop(reason)
        }
        #expect(outcome.exit == exit)
        #expect(bench.clock.now < .seconds(102))
        #expect(bench.service.requestTimes.isEmpty)
    }

    @Test func `a wall clock that is put forward opens the window, and one that is put back closes it`() async throws {
        let forward = try Bench()
        try forward.takeIn(jobs: 1, schedule: Self.schedule(window: "10:00-11:00"))
        let outcome = try await forward.run { _ in
            try await forward.clock.sleep(until: .seconds(100))
            forward.clock.stepWall(by: .seconds(36_000))
        }
        #expect(outcome.exit == .success)
        let first = try #require(forward.service.requestTimes.first)
        #expect(first >= .seconds(100) && first < .seconds(161))

        let back = try Bench(Self.slow)
        back.clock.advance(by: .seconds(60))
        try back.takeIn(jobs: 20, schedule: Self.schedule(notBefore: .seconds(60)))
        _ = try await back.run(.with(concurrency: 4) { $0.maxDuration = .seconds(400) }) { _ in
            try await back.clock.sleep(until: .seconds(100))
            back.clock.stepWall(by: .seconds(-36_000))
        }
        #expect(back.service.submissions.count == 4)
        #expect(try await back.states() == [.done: 4, .pending: 16])
    }

    @Test func `the time in which nothing is asked is no silence of the API`() async throws {
        var script = ScriptedService.Script()
        // Down before the window closes, and for some seconds after it opens again.
        let isDown = { @Sendable (time: Duration) in time > .seconds(20) && time < .seconds(2405) }
        script.submit = { isDown($0.time) ? .notSent("down") : nil }
        script.list = { _, time in isDown(time) ? .failure(.unavailable("down")) : nil }
        script.duration = .seconds(5)
        let bench = try Bench(script)
        try bench.takeIn(jobs: 30, schedule: Self.schedule(window: "00:40-00:01"))
        let outcome = try await bench.run(.with(concurrency: 1) { $0.giveUpAfter = .seconds(1800) })
        #expect(outcome.exit == .success, "\(outcome.reason)")
        #expect(try await bench.states() == [.done: 30])
    }

    @Test func `of the batches of a run the higher priority goes first, and equals take turns`() async throws {
        let bench = try Bench()
        try bench.takeIn("low", jobs: 3, schedule: Self.schedule(priority: -5))
        try bench.takeIn("plain", jobs: 3)
        try bench.takeIn("high", jobs: 3, schedule: Self.schedule(priority: 10))
        try bench.takeIn("peer", jobs: 3)
        #expect(try await bench.run(.with(concurrency: 1)).exit == .success)
        let order = bench.service.submissions.map { String($0.request.prompt.prefix { $0 != "," }) }
        #expect(order.prefix(3).allSatisfy { $0 == "high" })
        #expect(order.suffix(3).allSatisfy { $0 == "low" })
        let middle = Array(order.dropFirst(3).prefix(6))
        #expect(middle == ["plain", "peer", "plain", "peer", "plain", "peer"])
    }

    @Test func `a batch of high priority that waits for its window does not hold up the others`() async throws {
        let bench = try Bench()
        try bench.takeIn("high", jobs: 2, schedule: Self.schedule(window: "00:05-00:00", priority: 10))
        try bench.takeIn("plain", jobs: 2)
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.submissions.first?.request.prompt.hasPrefix("plain") == true)
    }

    @Test func `what is left by the limits is told apart from what waits`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3, schedule: Self.schedule(window: "22:00-23:00"))
        #expect(try await bench.run(.with { $0.maxJobs = 0 }).exit == .limitReached)
        #expect(bench.clock.now < .seconds(2))
    }
}
