import Dispatch
package import NightjarCore
import Synchronization

/// A clock whose time moves only when it is told to, or when nothing else is left to do.
///
/// It is also the executor of what runs under `run`: one job at a time, in order, so that a test takes the same course
/// each time. `movesWhenIdle` makes time jump to the next sleeper's moment as soon as no task has anything to do and
/// nothing is marked `busy`; hours then pass in milliseconds, and no test sleeps to let something happen.
package final class ManualClock: TaskExecutor, Sendable {
    private struct Sleeper {
        var until: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Duration = .zero
        var sleepers: [UInt64: Sleeper] = [:]
        var nextID: UInt64 = 0
        var observers: [CheckedContinuation<Duration, Never>] = []
        /// Jobs of the executor that are queued or running.
        var jobs = 0
        /// Work elsewhere whose end this clock's tasks wait for.
        var busy = 0
        var wallOffset: Duration = .zero
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "nightjar.manual-clock")
    private let movesWhenIdle: Bool
    /// The wall time at the clock's zero.
    private let start: WallTime

    /// - Parameter start: 2026-03-01 00:00 UTC by default.
    package init(movesWhenIdle: Bool = false, start: WallTime = WallTime(milliseconds: 1_772_323_200_000)) {
        self.movesWhenIdle = movesWhenIdle
        self.start = start
    }

    package var now: Duration { state.withLock { $0.now } }
    package var wall: WallTime { start + state.withLock { $0.now + $0.wallOffset } }

    /// Now, as it outlives a restart; no API has told its time.
    package var moment: Moment { Moment(boot: now.milliseconds, bootID: "test", api: nil) }

    package var timekeeper: Timekeeper {
        Timekeeper(
            bootID: "test", now: { self.now }, wall: { self.wall }, sleep: { try await self.sleep(until: $0) })
    }

    // MARK: Sleeping

    /// Returns at `now >= time`; throws when the task is cancelled.
    package func sleep(until time: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let isOver: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.now >= time { return true }
                    state.sleepers[id] = Sleeper(until: time, continuation: continuation)
                    return nil
                }
                switch isOver {
                case true?: continuation.resume()
                case false?: continuation.resume(throwing: CancellationError())
                case nil: tellObservers(time)
                }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    package func sleep(for duration: Duration) async throws {
        try await sleep(until: now + duration)
    }

    private func tellObservers(_ time: Duration) {
        let observers = state.withLock { state in
            defer { state.observers = [] }
            return state.observers
        }
        for observer in observers { observer.resume(returning: time) }
    }

    /// Waits until someone sleeps, and says until when the first of them does.
    package func nextSleeper() async -> Duration {
        await withCheckedContinuation { continuation in
            let known: Duration? = state.withLock { state in
                let next = state.sleepers.values.map(\.until).min()
                if next == nil { state.observers.append(continuation) }
                return next
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    // MARK: Moving

    package func advance(by duration: Duration) {
        advance(to: now + duration)
    }

    /// Moves the time forward and wakes who has slept long enough, those first whose time came first.
    package func advance(to time: Duration) {
        let woken = state.withLock { state -> [Sleeper] in
            state.now = max(state.now, time)
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers.removeValue(forKey: id) }
            return due.sorted { ($0.value.until, $0.key) < ($1.value.until, $1.key) }.map(\.value)
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Sets the wall clock, as an administrator would; the other clock does not notice.
    package func stepWall(by step: Duration) {
        state.withLock { $0.wallOffset += step }
    }

    // MARK: Executing

    /// Runs `body` and all its child tasks on this clock's executor.
    package func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        try await withTaskExecutorPreference(self, operation: body)
    }

    /// Keeps the time from moving by itself while `body` waits for something that the clock cannot see.
    package func busy<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        state.withLock { $0.busy += 1 }
        defer { state.withLock { $0.busy -= 1 } }
        return try await body()
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs += 1 }
        queue.async {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            let isIdle = self.state.withLock { state in
                state.jobs -= 1
                return state.jobs == 0 && state.busy == 0
            }
            if isIdle, self.movesWhenIdle { self.moveOn() }
        }
    }

    private func moveOn() {
        if let next = state.withLock({ $0.sleepers.values.map(\.until).min() }) { advance(to: next) }
    }
}
