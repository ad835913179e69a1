import NightjarCore
import Testing

@Suite struct SummaryTests {
    private func summary(_ counts: [JobState: Int], throughput: Double? = nil) -> BatchSummary {
        BatchSummary(
            id: BatchID(1), settings: BatchSettings(name: "neon"), counts: counts,
            createdAt: WallTime(milliseconds: 0), updatedAt: WallTime(milliseconds: 0), throughput: throughput)
    }

    @Test func `the time left is what is left at the present pace`() {
        let counts: [JobState: Int] = [.pending: 10, .submitted: 5, .done: 7, .failed: 1, .unknown: 2]
        #expect(summary(counts).total == 25)
        #expect(summary(counts).etaSeconds == nil)
        #expect(summary(counts, throughput: 0).etaSeconds == nil)
        #expect(summary(counts, throughput: 2).etaSeconds == 8)
        #expect(summary([.done: 3, .failed: 1]).etaSeconds == 0)
        #expect(summary([:]).etaSeconds == 0)
    }

    @Test func `only four states are final`() {
        #expect(Set(JobState.allCases.filter(\.isFinal)) == [.done, .failed, .filtered, .cancelled])
    }

    @Test func `a wait that says nothing usable says nothing`() {
        #expect(RetryAfter(.seconds(5)).delay == .seconds(5))
        #expect(RetryAfter(.seconds(7200)).delay == .seconds(3600))
        #expect(RetryAfter(.zero).delay == nil)
        #expect(RetryAfter(.seconds(-5)).delay == nil)
        #expect(RetryAfter(nil).delay == nil)
    }
}
