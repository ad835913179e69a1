import Synchronization

/// Lets idle workers sleep until there are jobs, without missing any.
final class Wakeup: Sendable {
    private struct State {
        /// How often jobs have come.
        var rings = 0
        var nextSleeper = 0
        var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// To be read before looking for a job.
    var rings: Int { state.withLock { $0.rings } }

    /// A job has come: wakes one sleeper.
    func ring() {
        let sleeper = state.withLock { state in
            state.rings += 1
            return state.sleepers.popFirst()?.value
        }
        sleeper?.resume()
    }

    /// Sleeps until a job comes after `seen`, or the task is cancelled.
    func wait(after seen: Int) async {
        let number = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isAwake = state.withLock { state in
                    if state.rings != seen || Task.isCancelled { return true }
                    state.sleepers[number] = continuation
                    return false
                }
                if isAwake { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: number) }?.resume()
        }
    }
}

extension Dictionary {
    fileprivate mutating func popFirst() -> Element? {
        isEmpty ? nil : remove(at: startIndex)
    }
}
