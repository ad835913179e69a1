import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarRunner

@Suite(.timeLimit(.minutes(5)))
struct SignalTests {
    @Test func `a change between the mark and the wait is not missed`() async {
        let signal = Signal()
        let mark = signal.mark
        signal.notify()
        await signal.wait(since: mark, on: .system(bootID: "test"))
    }

    @Test func `a wait ends at its deadline and at once with its task`() async {
        let clock = ManualClock()
        let signal = Signal()
        async let waited: Void = signal.wait(since: signal.mark, until: .seconds(5), on: clock.timekeeper)
        #expect(await clock.nextSleeper() == .seconds(5))
        clock.advance(by: .seconds(5))
        await waited
        let task = Task { await signal.wait(since: signal.mark, on: .system(bootID: "test")) }
        task.cancel()
        await task.value
    }

    @Test func `no wake-up is lost among many that wait, notify and are cancelled`() async {
        let signal = Signal()
        let tokens = Locked(0)
        let taken = Locked(0)
        let total = 20_000
        // Each token is taken by a task that sleeps whenever it sees none: one lost wake-up, and this never ends.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while taken.withLock({ $0 }) < total {
                        let mark = signal.mark
                        let got = tokens.withLock { tokens in
                            guard tokens > 0 else { return false }
                            tokens -= 1
                            return true
                        }
                        if got {
                            if taken.withLock({ taken in
                                taken += 1
                                return taken == total
                            }) {
                                signal.notify()
                            }
                        } else if taken.withLock({ $0 }) < total {
                            await signal.wait(since: mark, on: .system(bootID: "test"))
                        }
                    }
                }
            }
            group.addTask {
                for number in 0..<total {
                    tokens.withLock { $0 += 1 }
                    signal.notify()
                    if number % 64 == 0 { await Task.yield() }
                }
            }
            for _ in 0..<200 {
                let waiting = Task { await signal.wait(since: signal.mark, on: .system(bootID: "test")) }
                waiting.cancel()
            }
        }
        #expect(taken.withLock { $0 } == total)
    }
}
