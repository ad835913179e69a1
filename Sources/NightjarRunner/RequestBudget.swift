internal import NightjarCore
internal import Synchronization

/// The one allowance that all API requests of a run are taken from: the operator's rate, and each batch's own.
final class RequestBudget: Sendable {
    private struct Account: Sendable {
        var window: RequestWindow
        /// Requests of a rate per minute that the state already counts as made.
        var reserved = 0

        var chunk: Int { max(1, min(window.rate.requests / 10, 100)) }
    }

    private struct State {
        var operatorAccount: Account
        var batches: [BatchID: Account] = [:]
    }

    private let state: Mutex<State>
    private let changed = Signal()
    private let time: Timekeeper
    private let store: any JobStore

    init(rate: Rate, batches: [BatchID: Rate], store: any JobStore, time: Timekeeper) {
        var initial = State(operatorAccount: Account(window: RequestWindow(rate: rate)))
        for (batch, rate) in batches { initial.batches[batch] = Account(window: RequestWindow(rate: rate)) }
        state = Mutex(initial)
        self.store = store
        self.time = time
    }

    /// Counts what an earlier process may have sent within the windows that are still open.
    /// - Parameter wasJustActive: It made requests in the last seconds, or may have.
    func restore(wasJustActive: Bool) async throws {
        let accounts = state.withLock { state in
            [(nil, state.operatorAccount.window.rate)]
                + state.batches.map { ($0.key as BatchID?, $0.value.window.rate) }
        }
        for (batch, rate) in accounts {
            switch rate.window {
            case .second:
                if wasJustActive { restore(batch, count: rate.requests, ago: .zero) }
            case .minute:
                let now = time.wall()
                let kept = try await store.reservedRequests(of: batch, since: now + .seconds(-3600))
                for (place, reservation) in kept.enumerated() {
                    // What was reserved had all left when the next was; the last may have been in use until now.
                    let used = place + 1 < kept.count ? kept[place + 1].time : now
                    let ago = now - used
                    if ago < rate.window.duration { restore(batch, count: reservation.count, ago: max(ago, .zero)) }
                }
            }
        }
    }

    private func restore(_ batch: BatchID?, count: Int, ago: Duration) {
        let moment = time.now() - ago
        state.withLock { state in
            if let batch {
                state.batches[batch]?.window.restore(count, at: moment)
            } else {
                state.operatorAccount.window.restore(count, at: moment)
            }
        }
    }

    /// Waits until at least one request may leave, for a batch or (`nil`) for several at once.
    /// - Parameters:
    ///   - wanted: At least 1.
    ///   - isOver: Asked before each wait; `true` ends it.
    /// - Returns: How many may leave, 1…`wanted`; 0 when it is over. Each must be ended, or given back.
    func take(upTo wanted: Int, for batch: BatchID?, isOver: () -> Bool) async throws -> Int {
        while !isOver(), !Task.isCancelled {
            let mark = changed.mark
            let now = time.now()
            let (granted, release, mustReserve) = state.withLock { state in
                Self.grant(wanted, for: batch, at: now, in: &state)
            }
            if granted > 0 {
                for (account, count) in mustReserve {
                    try await store.reserveRequests(count, of: account, at: time.wall())
                }
                return granted
            }
            // A look at `isOver` from time to time: it can change without any request ending.
            await changed.wait(since: mark, until: min(release ?? .seconds(Int64.max / 2), now + .seconds(1)), on: time)
        }
        return 0
    }

    private static func grant(
        _ wanted: Int, for batch: BatchID?, at now: Duration, in state: inout State
    ) -> (granted: Int, release: Duration?, reserve: [(BatchID?, Int)]) {
        var available = state.operatorAccount.window.available(at: now)
        var release = available == 0 ? state.operatorAccount.window.nextRelease : nil
        if let batch, var account = state.batches[batch] {
            let own = account.window.available(at: now)
            if own == 0 { release = account.window.nextRelease }
            available = min(available, own)
            state.batches[batch] = account
        }
        let granted = min(available, wanted)
        guard granted > 0 else { return (0, release, []) }
        var reserve: [(BatchID?, Int)] = []
        if let count = begin(granted, in: &state.operatorAccount) { reserve.append((nil, count)) }
        if let batch, var account = state.batches[batch] {
            if let count = begin(granted, in: &account) { reserve.append((batch, count)) }
            state.batches[batch] = account
        }
        return (granted, nil, reserve)
    }

    /// - Returns: How many requests must be reserved before these leave; `nil` where none need be.
    private static func begin(_ count: Int, in account: inout Account) -> Int? {
        account.window.begin(count)
        guard account.window.rate.window == .minute else { return nil }
        guard count > account.reserved else {
            account.reserved -= count
            return nil
        }
        let reserve = max(count - account.reserved, account.chunk)
        account.reserved += reserve - count
        return reserve
    }

    /// A request was answered, or given up.
    func end(for batch: BatchID?) {
        let now = time.now()
        state.withLock { state in
            state.operatorAccount.window.end(at: now)
            if let batch { state.batches[batch]?.window.end(at: now) }
        }
        changed.notify()
    }

    /// Requests that did not leave after all.
    func giveBack(_ count: Int, for batch: BatchID?) {
        guard count > 0 else { return }
        state.withLock { state in
            for _ in 0..<count {
                state.operatorAccount.window.giveBack()
                if let batch { state.batches[batch]?.window.giveBack() }
            }
        }
        changed.notify()
    }
}
