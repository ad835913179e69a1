import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct RetryPolicyTests {
    @Test func `the curve doubles from 2 s`() {
        let policy = RetryPolicy(attempts: 10)
        #expect(
            (1...6).map { policy.delay(afterAttempt: $0, jitter: 1) } == [2, 4, 8, 16, 32, 60].map { .seconds($0) })
        #expect((1...3).map { policy.delay(afterAttempt: $0, jitter: 0) } == [1, 2, 4].map { .seconds($0) })
    }

    @Test func `after the last attempt nothing is left`() {
        #expect(RetryPolicy(attempts: 1).delay(afterAttempt: 1, jitter: 0.5) == nil)
        #expect(RetryPolicy(attempts: 3).delay(afterAttempt: 2, jitter: 0.5) != nil)
        #expect(RetryPolicy(attempts: 3).delay(afterAttempt: 3, jitter: 0.5) == nil)
    }

    @Test func `after a person's retry the attempts begin anew`() {
        let policy = RetryPolicy(attempts: 3)
        #expect(policy.delay(afterAttempt: 4, jitter: 0.5) == policy.delay(afterAttempt: 1, jitter: 0.5))
        #expect(policy.delay(afterAttempt: 6, jitter: 0.5) == nil)
    }

    @Test func `every delay lies between half the curve and the whole of it, and below the cap`() throws {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<5000 {
            let base = Duration.milliseconds(Int.random(in: 1...10_000, using: &random))
            let cap = Duration.milliseconds(Int.random(in: 1...600_000, using: &random))
            let attempt = Int.random(in: 1...2000, using: &random)
            let policy = RetryPolicy(attempts: attempt + 1, base: base, cap: cap)
            let delay = try #require(
                policy.delay(afterAttempt: attempt, jitter: .random(in: -0.5...1.5, using: &random)))
            let curve = attempt > 30 ? cap : min(base * (1 << (attempt - 1)), cap)
            #expect(delay <= curve + .microseconds(1), "\(random)")
            #expect(delay >= curve / 2 - .microseconds(1), "\(random)")
        }
    }
}
