import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// `set`, before a run and in it.
@Suite(.timeLimit(.minutes(5)))
struct SetTests {
    private static func concurrency(_ number: Int) -> Order { .set(LimitChange(concurrency: .by(number))) }

    /// The most submissions in one round of jobs of 10 s.
    private static func width(_ times: [Duration], _ range: Range<Int>) -> Int {
        mostWithin(
            .seconds(10), of: times.filter { .seconds(range.lowerBound) <= $0 && $0 < .seconds(range.upperBound) })
    }

    @Test func `the concurrency of everything follows at once, up and down and back`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 120)
        let outcome = try await bench.run(.with(concurrency: 2)) { _ in
            try await bench.say(Self.concurrency(8), of: nil, at: 50)
            try await bench.say(Self.concurrency(3), of: nil, at: 100)
            try await bench.say(.set(LimitChange(concurrency: .takenBack)), of: nil, at: 150)
        }
        #expect(outcome.exit == .success)
        let times = bench.submissions(of: "spring")
        #expect(Self.width(times, 0..<50) == 2)
        #expect(Self.width(times, 51..<100) == 8)
        #expect(Self.width(times, 115..<150) == 3)
        #expect(Self.width(times, 165..<300) == 2)
    }

    @Test func `the concurrency of one batch is its own`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 60)
        try bench.takeIn("other", jobs: 100)
        let outcome = try await bench.run(.with(concurrency: 8)) { _ in
            try await bench.say(Self.concurrency(1), of: spring, at: 30)
        }
        #expect(outcome.exit == .success)
        #expect(Self.width(bench.submissions(of: "spring"), 45..<100) == 1)
        #expect(Self.width(bench.submissions(of: "other"), 55..<100) == 7)
    }

    @Test func `the rate follows at once`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 200)
        let slow = Rate(requests: 2, per: .second)
        let outcome = try await bench.run(.with(concurrency: 50, rate: Rate(requests: 20, per: .second))) { _ in
            try await bench.say(.set(LimitChange(rate: .by(slow))), of: nil, at: 15)
        }
        #expect(outcome.exit == .success)
        let after = bench.service.requestTimes.filter { $0 > .seconds(16) }
        // The request leaves with its allowance, and arrives a moment later.
        #expect(mostWithin(.milliseconds(950), of: after) <= 2)
        #expect(mostWithin(.seconds(1), of: bench.service.requestTimes.filter { $0 < .seconds(15) }) > 2)
    }

    @Test func `a higher priority goes first from then on`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 200)
        let other = try bench.takeIn("other", jobs: 40)
        let outcome = try await bench.run(.with(concurrency: 8)) { _ in
            try await bench.say(.set(LimitChange(priority: .by(5))), of: other, at: 25)
        }
        #expect(outcome.exit == .success)
        let last = try #require(bench.submissions(of: "other").max())
        #expect(!bench.submissions(of: "spring").contains { .seconds(26) < $0 && $0 < last })
    }

    @Test func `limits that were left before a run count from its start`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 12)
        _ = try await bench.store.leave(Self.concurrency(2), for: spring, now: bench.clock.wall)
        _ = try await bench.store.leave(Self.concurrency(3), for: nil, now: bench.clock.wall)
        try bench.takeIn("other", jobs: 12)
        #expect(try await bench.run(.with(concurrency: 8)).exit == .success)
        #expect(bench.service.mostUnfinished == 3)
        #expect(mostWithin(.seconds(10), of: bench.submissions(of: "spring")) <= 2)
    }
}
