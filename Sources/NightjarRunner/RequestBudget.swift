internal import NightjarCore
internal import Synchronization

/// The one allowance that all API requests of a run are taken from: the operator's rate, that of an inbox for all of its
/// batches, and each batch's own.
///
/// What may leave is noted in the state before it leaves, in advance and for many requests at once, so that the next
/// process knows it, however this one ends.
final class RequestBudget: Sendable {
    private struct Account: Sendable {
        var window: RequestWindow
        /// Requests that the state counts as made and that have not left.
        var reserved = 0
        /// Until then a reservation stands for what leaves.
        var reservedUntil: Duration = .zero
        /// A reservation is being written: nothing leaves before it is durable.
        var isReserving = false
        /// Tasks that wait for a request.
        var waiting = 0

        /// Requests reserved at once for a rate per minute.
        var chunk: Int { max(1, min(window.rate.requests / 10, 100)) }
    }

    private enum Name: Hashable, Sendable {
        case everyone
        /// By its folder. What it has used is known to this process alone: the operator's rate holds over restarts.
        case inbox(String)
        case batch(BatchID)
    }

    private struct State {
        var accounts: [Name: Account]
        var inboxes: [BatchID: String] = [:]

        subscript(_ name: Name) -> Account? {
            get { accounts[name] }
            set { if newValue != nil { accounts[name] = newValue } }
        }

        /// Those that a request is taken from.
        func names(of batch: BatchID?) -> [Name] {
            guard let batch else { return [.everyone] }
            return [.everyone] + (inboxes[batch].map { [.inbox($0)] } ?? []) + [.batch(batch)]
        }
    }

    private typealias Reservation = (account: Name, count: Int)

    /// For a rate per second: how long one reservation stands for all that leaves.
    private static let reservedTime: Duration = .seconds(2)
    /// For a rate per minute: reservations older than an hour are forgotten, so what is left of one is used no longer.
    private static let reservedLifetime: Duration = .seconds(1800)

    private let state: Mutex<State>
    private let changed: Signal
    private let time: Timekeeper
    private let store: any JobStore

    /// - Parameter changed: Told whenever more may leave than before, or the moment is known when it may.
    init(rate: Rate, batches: [BatchID: Rate], store: any JobStore, time: Timekeeper, changed: Signal = Signal()) {
        var initial = State(accounts: [.everyone: Account(window: RequestWindow(rate: rate))])
        for (batch, rate) in batches { initial.accounts[.batch(batch)] = Account(window: RequestWindow(rate: rate)) }
        state = Mutex(initial)
        self.store = store
        self.time = time
        self.changed = changed
    }

    /// Whether a batch has a rate of its own.
    func isLimited(_ batch: BatchID) -> Bool {
        state.withLock { $0.accounts[.batch(batch)] != nil || $0.inboxes[batch] != nil }
    }

    // MARK: Changing

    /// - Parameter rate: The operator's.
    func set(_ rate: Rate) {
        set(rate, of: .everyone)
    }

    /// - Parameter rate: A batch's own; `nil`: none any more.
    func set(_ rate: Rate?, of batch: BatchID) {
        set(rate, of: .batch(batch))
    }

    /// Says which inbox a batch comes from that has a rate for all of its batches.
    func set(_ rate: Rate?, ofInbox inbox: String, for batch: BatchID) {
        set(rate, of: .inbox(inbox))
        state.withLock { $0.inboxes[batch] = rate == nil ? nil : inbox }
    }

    private func set(_ rate: Rate?, of name: Name) {
        state.withLock { state in
            guard let rate else { return state.accounts[name] = nil }
            if state.accounts[name] == nil {
                state.accounts[name] = Account(window: RequestWindow(rate: rate))
            } else if state.accounts[name]?.window.rate != rate {
                state.accounts[name]?.window.rate = rate
                // What was reserved for the old one says nothing about this.
                state.accounts[name]?.reservedUntil = .zero
                state.accounts[name]?.reserved = 0
            }
        }
        changed.notify()
    }

    /// A batch that has ended.
    func forget(_ batch: BatchID) {
        state.withLock { state in
            state.accounts[.batch(batch)] = nil
            state.inboxes[batch] = nil
        }
    }

    /// Counts what an earlier process may have sent within the windows that are still open.
    func restore() async throws {
        let accounts = state.withLock { state in
            state.accounts.map { ($0.key, $0.value.window.rate) }
        }
        for (name, rate) in accounts { try await restore(name, rate) }
    }

    /// The same for a batch that comes while others run.
    func restore(_ batch: BatchID) async throws {
        guard let rate = state.withLock({ $0.accounts[.batch(batch)]?.window.rate }) else { return }
        try await restore(.batch(batch), rate)
    }

    private func restore(_ name: Name, _ rate: Rate) async throws {
        let batch: BatchID?
        switch name {
        case .everyone: batch = nil
        case .batch(let id): batch = id
        case .inbox: return
        }
        let now = time.wall()
        let kept = try await store.reservedRequests(of: batch, since: now + .seconds(-3600))
        for (place, reservation) in kept.enumerated() {
            // What was reserved had all left when the next was; the last may have been in use until now.
            let next = place + 1 < kept.count ? kept[place + 1].time : now
            let used = rate.window == .minute ? next : min(next, reservation.time + Self.reservedTime)
            let ago = max(now - used, .zero)
            guard ago < rate.window.duration else { continue }
            let moment = time.now() - ago
            state.withLock { $0[name]?.window.restore(min(reservation.count, rate.requests), at: moment) }
        }
    }

    // MARK: Looking

    /// How many requests may leave for a batch at this moment; those who wait for one are left theirs.
    func available(for batch: BatchID) -> Int {
        let now = time.now()
        return state.withLock { state in
            state.names(of: batch).map { account in
                guard var known = state[account] else { return .max }
                defer { state[account] = known }
                let inWindow = known.window.available(at: now)
                let available = known.isReserving ? 0 : inWindow
                return max(available - known.waiting, min(available, 1))
            }.min() ?? 0
        }
    }

    /// When time alone lets a request of a batch leave; `nil` while only an answer can.
    func nextRelease(for batch: BatchID) -> Duration? {
        state.withLock { state in
            state.names(of: batch).compactMap { state[$0]?.window.nextRelease }.max()
        }
    }

    // MARK: Taking

    /// Waits until a request may leave, for a batch or (`nil`) for several at once.
    /// - Parameter isOver: Asked before each wait; `true` ends it.
    /// - Returns: Whether one may; it must be ended, or given back.
    func take(for batch: BatchID?, isOver: () -> Bool) async throws -> Bool {
        setWaiting(1, for: batch)
        defer { setWaiting(-1, for: batch) }
        while !isOver(), !Task.isCancelled {
            let mark = changed.mark
            let now = time.now()
            if try await takeNow(upTo: 1, for: batch) == 1 { return true }
            let release = state.withLock { state in
                state.names(of: batch).compactMap { state[$0]?.window.nextRelease }.filter { $0 > now }.min()
            }
            // A look at `isOver` from time to time: it can change without any request ending.
            let soon = now + .seconds(1)
            await changed.wait(since: mark, until: min(release ?? soon, soon), on: time)
        }
        return false
    }

    /// Takes what may leave at this moment.
    /// - Returns: 0…`wanted`. Each must be ended, or given back.
    func takeNow(upTo wanted: Int, for batch: BatchID?) async throws -> Int {
        let now = time.now()
        let (granted, reservations) = state.withLock { state in grant(wanted, for: batch, at: now, in: &state) }
        guard !reservations.isEmpty else { return granted }
        for (account, count) in reservations {
            switch account {
            case .everyone: try await store.reserveRequests(count, of: nil, at: time.wall())
            case .batch(let id): try await store.reserveRequests(count, of: id, at: time.wall())
            case .inbox: break
            }
        }
        Failpoint.requestsReserved.reach()
        state.withLock { state in
            for (account, _) in reservations { state[account]?.isReserving = false }
        }
        changed.notify()
        return granted
    }

    private func grant(
        _ wanted: Int, for batch: BatchID?, at now: Duration, in state: inout State
    ) -> (granted: Int, reservations: [Reservation]) {
        var granted = wanted
        for account in state.names(of: batch) {
            guard var known = state[account] else { continue }
            granted = min(granted, known.isReserving ? 0 : known.window.available(at: now))
            state[account] = known
        }
        guard granted > 0 else { return (0, []) }
        var reservations: [Reservation] = []
        for account in state.names(of: batch) {
            guard var known = state[account] else { continue }
            if let count = Self.begin(granted, at: now, in: &known) { reservations.append((account, count)) }
            state[account] = known
        }
        return (granted, reservations)
    }

    /// - Returns: How many requests must be reserved before these leave; `nil` where none need be.
    private static func begin(_ count: Int, at now: Duration, in account: inout Account) -> Int? {
        account.window.begin(count)
        let isStale = now >= account.reservedUntil
        switch account.window.rate.window {
        case .second:
            guard isStale else { return nil }
            account.reservedUntil = now + reservedTime
            account.isReserving = true
            return account.window.rate.requests
        case .minute:
            if isStale { account.reserved = 0 }
            guard count > account.reserved else {
                account.reserved -= count
                return nil
            }
            let reserve = max(count - account.reserved, account.chunk)
            account.reserved += reserve - count
            account.reservedUntil = now + reservedLifetime
            account.isReserving = true
            return reserve
        }
    }

    private func setWaiting(_ change: Int, for batch: BatchID?) {
        state.withLock { state in
            for name in state.names(of: batch) {
                guard var account = state[name] else { continue }
                // Who has waited since before there was a limit is not among them.
                account.waiting = max(0, account.waiting + change)
                state[name] = account
            }
        }
    }

    // MARK: Ending

    /// A request was answered, or given up.
    func end(for batch: BatchID?) {
        let now = time.now()
        state.withLock { state in
            for account in state.names(of: batch) { state[account]?.window.end(at: now) }
        }
        changed.notify()
    }

    /// Requests that did not leave after all.
    func giveBack(_ count: Int, for batch: BatchID?) {
        guard count > 0 else { return }
        state.withLock { state in
            for account in state.names(of: batch) {
                for _ in 0..<count { state[account]?.window.giveBack() }
            }
        }
        changed.notify()
    }
}
