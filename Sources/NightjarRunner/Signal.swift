package import NightjarCore
internal import Synchronization

/// Wakes everyone who waits for something to change.
///
/// Take `mark` first, then look at the state, then wait from that mark: a change in between is not missed.
package final class Signal: Sendable {
    private struct State {
        var changes: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    package var mark: UInt64 { state.withLock { $0.changes } }

    package func notify() {
        let waiters = state.withLock { state in
            state.changes += 1
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns after a change since `mark`, at `deadline`, or when the task is cancelled.
    package func wait(since mark: UInt64, until deadline: Duration? = nil, on time: Timekeeper) async {
        guard let deadline else { return await wait(since: mark) }
        guard deadline > time.now() else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(since: mark) }
            group.addTask { try? await time.sleep(deadline) }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait(since mark: UInt64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.changes != mark || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
