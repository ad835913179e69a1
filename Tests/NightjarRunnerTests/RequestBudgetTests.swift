import NightjarCore
import NightjarStore
import NightjarTestSupport
import Testing

@testable import NightjarRunner

@Suite(.timeLimit(.minutes(5)))
struct RequestBudgetTests {
    private static func budget(
        _ rate: Rate, _ clock: ManualClock, _ store: any JobStore, batches: [BatchID: Rate] = [:]
    ) async throws -> RequestBudget {
        let budget = RequestBudget(
            rate: rate, batches: batches, store: WatchedStore(store, clock), time: clock.timekeeper)
        try await budget.restore()
        return budget
    }

    @Test(arguments: [
        Rate(requests: 5, per: .second), Rate(requests: 1, per: .second), Rate(requests: 30, per: .minute),
        Rate(requests: 1, per: .minute), Rate(requests: 400, per: .minute),
    ]) func `no window ever holds more, however often the process begins anew`(rate: Rate) async throws {
        let clock = ManualClock(movesWhenIdle: true)
        let store = try SQLiteStore.inMemory()
        let random = Locked(SeededGenerator())
        let times = Locked<[Duration]>([])
        try await clock.run {
            for _ in 0..<12 {
                // Each life ends without a word, some requests out.
                let budget = try await Self.budget(rate, clock, store)
                let end = clock.now + .seconds(random.withLock { Int.random(in: 1...40, using: &$0) })
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<5 {
                        group.addTask {
                            while clock.now < end {
                                guard (try? await budget.take(for: nil, isOver: { clock.now >= end })) == true else {
                                    return
                                }
                                times.withLock { $0.append(clock.now) }
                                let latency = random.withLock { Int.random(in: 0...300, using: &$0) }
                                try? await clock.sleep(for: .milliseconds(latency))
                                budget.end(for: nil)
                            }
                        }
                    }
                }
            }
        }
        let seed = random.withLock { "\($0)" }
        #expect(mostWithin(rate.window.duration, of: times.withLock { $0 }) <= rate.requests, "\(seed)")
        #expect(!times.value.isEmpty)
    }

    @Test func `what was reserved long ago is reserved again before it is used`() async throws {
        let clock = ManualClock(movesWhenIdle: true)
        let store = try SQLiteStore.inMemory()
        let rate = Rate(requests: 100, per: .minute)
        try await clock.run {
            let first = try await Self.budget(rate, clock, store)
            #expect(try await first.takeNow(upTo: 1, for: nil) == 1)
            clock.advance(by: .seconds(3 * 3600))
            #expect(try await first.takeNow(upTo: 9, for: nil) == 9)
            let second = try await Self.budget(rate, clock, store)
            #expect(try await second.takeNow(upTo: 100, for: nil) <= 91)
        }
    }

    @Test func `nobody leaves on a reservation that is not durable yet`() async throws {
        let clock = ManualClock(movesWhenIdle: true)
        let durable = Locked(false)
        let left = Locked<[Bool]>([])
        let memory = try SQLiteStore.inMemory()
        let store = WatchedStore(memory, clock) { call in
            guard case .reserveRequests = call else { return nil }
            try? await clock.sleep(until: .seconds(1))
            durable.withLock { $0 = true }
            return nil
        }
        let budget = RequestBudget(
            rate: Rate(requests: 60, per: .minute), batches: [:], store: store, time: clock.timekeeper)
        try await clock.run {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        _ = try await budget.take(for: nil) { false }
                        left.withLock { $0.append(durable.value) }
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(left.withLock { $0 } == [true, true])
    }

    @Test func `a batch's own rate and the operator's hold together`() async throws {
        let clock = ManualClock(movesWhenIdle: true)
        let batch = BatchID(1)
        let store = try SQLiteStore.inMemory()
        try await clock.run {
            try store.takeIn(BatchSettings(name: "a"), [.sample("x")])
            let budget = try await Self.budget(
                Rate(requests: 5, per: .second), clock, store, batches: [batch: Rate(requests: 2, per: .second)])
            #expect(try await budget.takeNow(upTo: 9, for: batch) == 2)
            #expect(try await budget.takeNow(upTo: 9, for: nil) == 3)
            #expect(budget.available(for: batch) == 0)
            budget.giveBack(1, for: batch)
            #expect(budget.available(for: batch) == 1)
        }
    }

    @Test func `whoever asks for one request gets it beside one who asks for all`() async throws {
        let clock = ManualClock(movesWhenIdle: true)
        let store = try SQLiteStore.inMemory()
        let batch = BatchID(1)
        let greedy = Locked(0)
        let modest = Locked(0)
        try await clock.run {
            let budget = try await Self.budget(Rate(requests: 5, per: .second), clock, store)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while clock.now < .seconds(60) {
                        let count = budget.available(for: batch)
                        let taken = count > 0 ? (try? await budget.takeNow(upTo: count, for: batch)) ?? 0 : 0
                        greedy.withLock { $0 += taken }
                        for _ in 0..<taken { budget.end(for: batch) }
                        try? await clock.sleep(for: .milliseconds(1))
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        while (try? await budget.take(for: batch, isOver: { clock.now >= .seconds(60) })) == true {
                            modest.withLock { $0 += 1 }
                            budget.end(for: batch)
                        }
                    }
                }
            }
        }
        #expect(greedy.withLock { $0 } >= 30)
        #expect(modest.withLock { $0 } >= 30)
    }
}
