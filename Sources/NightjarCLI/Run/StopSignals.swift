internal import Dispatch
internal import Glibc
internal import NightjarCore
internal import NightjarRunner
internal import Synchronization
internal import UnixSignals

/// SIGINT and SIGTERM: the first stops the run in good order, the second ends the process at once.
final class StopSignals: Sendable {
    private struct State {
        var reason: StopReason?
        var firstCame: ContinuousClock.Instant?
        var stop: (@Sendable (StopReason) -> Void)?
    }

    private let state = Mutex(State())
    /// A signal that comes again within this time is the same one: timeout(1) sends each to the process and to its group.
    private static let echo: Duration = .milliseconds(500)
    /// Called before the process ends at once: what is drawn on a terminal is left in order.
    private let onSecond: @Sendable () -> Void

    init(onSecond: @escaping @Sendable () -> Void) {
        self.onSecond = onSecond
    }

    /// Listens until the task is cancelled.
    func listen() async {
        for await signal in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
            let reason: StopReason = signal == .sigint ? .interrupted : .terminated
            let now = ContinuousClock.now
            let (first, stop) = state.withLock { state in
                defer {
                    state.reason = state.reason ?? reason
                    state.firstCame = state.firstCame ?? now
                }
                return (state.firstCame, state.stop)
            }
            if let first {
                if now - first < Self.echo { continue }
                // Who reads our output may be stuck: the terminal is put in order if that takes no time.
                DispatchQueue.global().async(execute: onSecond)
                try? await Task.sleep(for: .milliseconds(300))
                // The state needs no goodbye: the next run recovers from it as from any sudden end.
                _exit(signal == .sigint ? ExitCode.interrupted.rawValue : ExitCode.terminated.rawValue)
            }
            stop?(reason)
        }
    }

    /// The exit code of the signal that came first; `nil` before one has come.
    var exitCode: ExitCode? {
        state.withLock { $0.reason }.map { $0 == .terminated ? .terminated : .interrupted }
    }

    /// Says what a signal stops; one that came already does so now.
    func connect(_ stop: @escaping @Sendable (StopReason) -> Void) {
        let reason = state.withLock { state in
            state.stop = stop
            return state.reason
        }
        if let reason { stop(reason) }
    }
}
