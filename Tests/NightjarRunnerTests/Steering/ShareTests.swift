import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// How batches share what there is: days, models, inboxes, weights and priorities.
@Suite(.timeLimit(.minutes(5)))
struct ShareTests {
    private static let utc = "UTC"

    // MARK: Days

    @Test func `what a day allows is used up across runs, said, and there again after midnight`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 12)
        let daily = RunSettings.with { $0.daily = DailyLimits(maxJobs: 5, timeZone: Self.utc) }
        let first = try await bench.run(daily)
        #expect(first.exit == .limitReached)
        #expect(first.reason == "stopped at `daily: {max_jobs: 5}`; 7 left")
        #expect(bench.service.submissions.count == 5)
        let again = try Bench(after: bench)
        #expect(try await again.run(daily).exit == .limitReached)
        #expect(again.service.submissions.isEmpty)
        bench.clock.advance(by: .seconds(86_400))
        let tomorrow = try Bench(after: bench)
        #expect(try await tomorrow.run(daily).exit == .limitReached)
        #expect(tomorrow.service.submissions.count == 5)
    }

    @Test func `a day's budget is not passed, and what FAILED gives its money back`() async throws {
        var script = ScriptedService.Script()
        script.look = { $0.id.rawValue == "job-1" ? .success(.failed("oom")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 12, retry: .init(attempts: 1))
        let outcome = try await bench.run(
            .with {
                $0.prices = ["model-a": Money(micros: 10_000)]
                $0.daily = DailyLimits(budget: Money(micros: 45_000), timeZone: Self.utc)
            })
        #expect(outcome.exit == .limitReached)
        #expect(outcome.reason == "stopped at `daily: {budget: 0.045}`; 7 left", "\(outcome)")
        #expect(try await bench.states() == [.done: 4, .failed: 1, .pending: 7])
    }

    // MARK: Models and inboxes

    @Test func `a model's own concurrency holds it back, and no other`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 20, model: "slow")
        try bench.takeIn("other", jobs: 40)
        #expect(try await bench.run(.with(concurrency: 8) { $0.modelConcurrency = ["slow": 2] }).exit == .success)
        #expect(mostWithin(.seconds(10), of: bench.submissions(of: "spring")) == 2)
        #expect(mostWithin(.seconds(10), of: bench.submissions(of: "other")) >= 6)
    }

    @Test func `an inbox's limits hold for all its batches together`() async throws {
        let bench = try Bench()
        let inbox = BatchSettings.Origin(inbox: "/in", output: "/out")
        try bench.takeIn("a", jobs: 12, origin: inbox)
        try bench.takeIn("b", jobs: 12, origin: inbox)
        try bench.takeIn("free", jobs: 40)
        let outcome = try await bench.run(
            .with(concurrency: 8) { $0.inboxLimits = ["/in": .init(concurrency: 3)] })
        #expect(outcome.exit == .success)
        #expect(mostWithin(.seconds(10), of: bench.submissions(of: "a") + bench.submissions(of: "b")) == 3)
        #expect(mostWithin(.seconds(10), of: bench.submissions(of: "free")) >= 5)
        let slow = try Bench()
        try slow.takeIn("a", jobs: 6, origin: inbox)
        try slow.takeIn("b", jobs: 6, origin: inbox)
        let limits = ["/in": BatchSettings.Limits(rate: Rate(requests: 1, per: .second))]
        #expect(try await slow.run(.with(concurrency: 12) { $0.inboxLimits = limits }).exit == .success)
        let times = slow.submissions(of: "a") + slow.submissions(of: "b")
        #expect(mostWithin(.milliseconds(950), of: times) == 1)
    }

    // MARK: Fairness

    /// How long a batch of 10 jobs takes by itself.
    private static func alone(_ concurrency: Int) async throws -> Duration {
        let bench = try Bench()
        try bench.takeIn("small", jobs: 10)
        #expect(try await bench.run(.with(concurrency: concurrency)).exit == .success)
        return bench.clock.now
    }

    @Test func `a small batch behind a large one gets half of what there is`() async throws {
        let limit = try await Self.alone(4) * 3 / 2
        let bench = try Bench()
        try bench.takeIn("large", jobs: 10_000)
        try bench.takeIn("small", jobs: 10)
        let outcome = try await bench.run(.with(concurrency: 8) { $0.drainTimeout = .zero }) { runner in
            try await bench.clock.sleep(until: limit)
            runner.stop(.interrupted)
        }
        #expect(outcome.exit == .interrupted)
        #expect(try await bench.states("small") == [.done: 10])
        #expect(bench.submissions(of: "large").count > 10)
    }

    @Test func `a small batch that comes late to a daemon does so too`() async throws {
        let limit = try await Self.alone(4) * 3 / 2
        let bench = try Bench()
        try bench.takeIn("large", jobs: 10_000)
        let outcome = try await bench.run(
            .with(concurrency: 8) { ($0.drainTimeout, $0.isService) = (.zero, true) }
        ) { runner in
            try await bench.clock.sleep(until: .seconds(203))
            let small = try bench.takeIn("small", jobs: 10)
            try await runner.add(small)
            // A slot must come free first.
            try await bench.clock.sleep(until: .seconds(213) + limit)
            runner.stop(.interrupted)
        }
        #expect([.interrupted, .terminated].contains(outcome.exit), "\(outcome)")
        #expect(bench.ends.map(\.name) == ["small"])
        #expect(try await bench.states("small") == [.done: 10])
    }

    @Test func `weights share the slots`() async throws {
        let bench = try Bench()
        try bench.takeIn("one", jobs: 400, origin: .init(inbox: "/1", output: "/out"))
        try bench.takeIn("three", jobs: 400, origin: .init(inbox: "/3", output: "/out", weight: 3))
        _ = try await bench.run(.with(concurrency: 8) { $0.drainTimeout = .zero }) { runner in
            try await bench.clock.sleep(until: .seconds(205))
            runner.stop(.interrupted)
        }
        let (one, three) = (bench.submissions(of: "one").count, bench.submissions(of: "three").count)
        #expect(abs(three - 3 * one) <= 8, "\(one) and \(three)")
        #expect(one + three >= 8 * 18)
    }

    @Test func `a higher priority goes before all others`() async throws {
        let bench = try Bench()
        try bench.takeIn("low", jobs: 30, schedule: .init(priority: -1))
        try bench.takeIn("usual", jobs: 30)
        try bench.takeIn("high", jobs: 30, schedule: .init(priority: 10))
        #expect(try await bench.run(.with(concurrency: 8)).exit == .success)
        let (low, usual, high) = (
            bench.submissions(of: "low"), bench.submissions(of: "usual"), bench.submissions(of: "high")
        )
        let (lastHigh, firstUsual) = (try #require(high.max()), try #require(usual.min()))
        let (lastUsual, firstLow) = (try #require(usual.max()), try #require(low.min()))
        #expect(lastHigh <= firstUsual)
        #expect(lastUsual <= firstLow)
    }
}
