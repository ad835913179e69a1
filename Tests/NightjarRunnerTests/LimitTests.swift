import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// What a run may spend and submit.
@Suite(.timeLimit(.minutes(5)))
struct LimitTests {
    private static let price = Money(micros: 10_000)

    @Test(arguments: [1, 2, 5, 64, 65]) func `the largest number of jobs is reached, and not passed`(
        most: Int
    ) async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: most + 3)
        let outcome = try await bench.run(.with { $0.maxJobs = most })
        #expect(outcome.exit == .limitReached)
        #expect(bench.service.submissions.count == most)
        #expect(try await bench.states() == [.done: most, .pending: 3])
    }

    @Test func `no job at all submits nothing`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3)
        #expect(try await bench.run(.with { $0.maxJobs = 0 }).exit == .limitReached)
        #expect(bench.service.requestTimes.isEmpty)
    }

    @Test func `exactly as many as there are is success`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 4)
        #expect(try await bench.run(.with { $0.maxJobs = 4 }).exit == .success)
    }

    @Test func `the budget is spent and not passed`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(
            .with {
                $0.prices = ["model-a": Self.price]
                $0.budget = Money(micros: 55_000)
            })
        #expect(outcome.exit == .limitReached)
        #expect(bench.service.submissions.count == 5)
        #expect(try await bench.spent() == Self.price * 5)
        #expect(outcome.needs.isEmpty)
    }

    @Test func `a run that cannot submit anything says what must change first`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 2)
        try bench.takeIn("poor", jobs: 1, limits: .init(budget: Money(micros: 1)))
        let poor = "a `budget` of poor of at least \(Self.price), for one image"
        let prices = ["model-a": Self.price]
        let none = try await bench.run(.with { $0.maxJobs = 0 })
        #expect(none.exit == .limitReached && none.needs == ["`--max-jobs` above 0"])
        let little = try await Bench(after: bench).run(
            .with { ($0.prices, $0.budget) = (prices, Money(micros: 2)) })
        #expect(little.needs == ["a `--budget` of at least \(Self.price), for one image"])
        // The other batch could go on with the same command.
        let one = try await Bench(after: bench).run(.with { ($0.prices, $0.maxJobs) = (prices, 1) })
        #expect(one.exit == .limitReached && one.needs.isEmpty)
        let other = try Bench()
        try other.takeIn(jobs: 2)
        try other.takeIn("poor", jobs: 1, limits: .init(budget: Money(micros: 1)))
        let rest = try await other.run(.with { $0.prices = prices })
        #expect(rest.exit == .limitReached && rest.needs == [poor], "\(rest)")
    }

    @Test func `what failed is not billed, and its money is spent on others`() async throws {
        var script = ScriptedService.Script()
        script.look = { $0.id.rawValue == "job-1" ? .success(.failed("out of memory")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20, retry: .init(attempts: 1))
        let outcome = try await bench.run(
            .with {
                $0.prices = ["model-a": Self.price]
                $0.budget = Money(micros: 50_000)
            })
        #expect(outcome.exit == .limitReached)
        #expect(bench.service.submissions.count == 6)
        #expect(try await bench.states() == [.done: 5, .failed: 1, .pending: 14])
        #expect(try await bench.spent() == Self.price * 5)
    }

    @Test func `what an earlier run paid and failed now gives this run no money`() async throws {
        let first = try Bench()
        try first.takeIn(jobs: 20, retry: .init(attempts: 1))
        _ = try await first.run(
            .with {
                $0.prices = ["model-a": Self.price]
                $0.drainTimeout = .zero
            }
        ) { runner in
            try await first.clock.sleep(until: .seconds(3))
            runner.stop(.interrupted)
        }
        #expect(try await first.states() == [.submitted: 8, .pending: 12])
        let now = first.clock.now
        var script = ScriptedService.Script()
        script.look = { $0.age == nil && $0.time > now ? .success(.failed("lost worker")) : nil }
        script.ids = "second"
        let second = try Bench(script, after: first)
        let outcome = try await second.run(
            .with {
                $0.prices = ["model-a": Self.price]
                $0.budget = Money(micros: 20_000)
            })
        #expect(outcome.exit == .limitReached)
        #expect(second.service.submissions.count == 2)
        #expect(try await second.spent() == Self.price * 2)
    }

    @Test func `a dear model that no batch uses takes nothing from the budget`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3)
        let outcome = try await bench.run(
            .with {
                $0.prices = ["model-a": Self.price, "dear": Money(micros: 5_000_000)]
                $0.budget = Money(micros: 1_000_000)
            })
        #expect(outcome.exit == .success)
    }

    @Test func `a manifest's own budget holds beside another batch's`() async throws {
        let bench = try Bench()
        try bench.takeIn("poor", jobs: 10, limits: .init(budget: Money(micros: 30_000)))
        try bench.takeIn("rich", jobs: 10)
        #expect(try await bench.run(.with { $0.prices = ["model-a": Self.price] }).exit == .limitReached)
        #expect(try await bench.states("poor") == [.done: 3, .pending: 7])
        #expect(try await bench.states("rich") == [.done: 10])
    }
}
