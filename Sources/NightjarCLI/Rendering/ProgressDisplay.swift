import Dispatch
import Glibc
package import NightjarCore
import Synchronization

/// Shows a run while it runs: the observer behind `--progress`.
///
/// `observe(_:)` only puts an event down. All writing is done on a queue of the display's own, because a terminal that
/// was stopped with Ctrl-S, or a slow reader of a pipe, must hold up nothing but the display.
package final class ProgressDisplay: RunObserver {
    /// What is to be shown, put down by anyone.
    private struct Inbox {
        /// For `plain` and `json`. Job events are all kept, however slow the reader; of the counts only the latest.
        var events: [RunEvent] = []
        /// For `bar`.
        var state = ProgressState()
        /// For `printAbove`.
        var lines: [String] = []
        var droppedLines = 0
        var isFlushScheduled = false
        var isRunning = false

        /// Adds an event; counts take the place of older ones of their batch that have not been shown yet, where no
        /// event of a job lies between.
        mutating func put(_ event: RunEvent) {
            if case .progress = event.kind {
                for place in events.indices.reversed() {
                    guard case .progress = events[place].kind else { break }
                    if events[place].batch == event.batch {
                        events[place] = event
                        return
                    }
                }
            }
            events.append(event)
        }

        /// - Returns: Whether the caller must schedule it.
        mutating func scheduleFlush() -> Bool {
            defer { isFlushScheduled = true }
            return !isFlushScheduled
        }
    }

    /// What shows it, used on `queue` only.
    private struct Pen {
        var output = DescriptorWriter(1)
        var error = DescriptorWriter(2)
        var canvas = TerminalCanvas()
        var plain = PlainProgress()
        var lastFrame: SuspendingClock.Instant?
    }

    /// Never `auto`.
    package let mode: ProgressMode

    private let outputFolder: String
    private let stateFlags: String
    private let environment: [String: String]
    private let errorDescriptor: Int32
    private let style: TerminalStyle
    private let now: @Sendable () -> WallTime
    private let began = Mutex<ContinuousClock.Instant?>(nil)
    private let inbox = Mutex(Inbox())
    private let pen: Mutex<Pen>
    private let queue = DispatchQueue(label: "nightjar.progress")

    /// So many lines wait for a terminal that takes none; older ones are dropped, and counted.
    private static let mostLines = 10_000
    private static let frameInterval: DispatchTimeInterval = .milliseconds(125)
    private static let tickInterval: DispatchTimeInterval = .seconds(1)

    /// - Parameters:
    ///   - outputFolder: As the user named it; the summary says where the images are.
    ///   - stateFlags: What other commands must be told to find the state, such as ` --output night`.
    ///   - now: The wall clock.
    package init(
        mode: ProgressMode, outputFolder: String, stateFlags: String = "", environment: [String: String],
        output: Int32 = STDOUT_FILENO, error: Int32 = STDERR_FILENO, now: @escaping @Sendable () -> WallTime
    ) {
        let isTerminal = isatty(error) == 1
        self.mode = mode.resolved(isTerminal: isTerminal, environment: environment)
        self.outputFolder = outputFolder
        self.stateFlags = stateFlags
        self.environment = environment
        self.now = now
        errorDescriptor = error
        style = TerminalStyle(isTerminal: isTerminal, environment: environment)
        pen = Mutex(Pen(output: DescriptorWriter(output), error: DescriptorWriter(error)))
    }

    /// Begins to show. What was observed before is shown too.
    package func start() {
        began.withLock { $0 = ContinuousClock.now }
        inbox.withLock { $0.isRunning = true }
        switch mode {
        case .bar: scheduleTick(every: Self.frameInterval)
        case .plain: scheduleTick(every: Self.tickInterval)
        case .json, .none, .auto: break
        }
    }

    /// Shows what is left to be shown, and the summary where the run has ended; returns when it is written.
    package func finish() {
        let wasRunning = inbox.withLock { inbox in
            defer { inbox.isRunning = false }
            return inbox.isRunning
        }
        guard wasRunning else { return }
        let elapsed = began.withLock { $0.map { ContinuousClock.now - $0 } ?? .zero }
        queue.sync {
            flush(isLast: true)
            let state = inbox.withLock { $0.state }
            guard mode == .bar || mode == .plain, let end = state.end else { return }
            let summary = RunSummary.text(
                batches: state.batches, output: outputFolder, elapsed: elapsed, exit: end.exit, reason: end.reason,
                needs: end.needs, stateFlags: stateFlags)
            pen.withLock { $0.error.write(summary) }
        }
    }

    package func observe(_ event: RunEvent) {
        guard mode != .none else { return }
        let mustSchedule = inbox.withLock { inbox in
            if mode != .json { inbox.state.apply(event) }
            if mode == .bar { return false }
            inbox.put(event)
            return inbox.scheduleFlush()
        }
        if mustSchedule { queue.async { self.flush() } }
    }

    /// Prints a line on standard error, above what is redrawn there. Returns at once.
    package func printAbove(_ line: String) {
        let (isRunning, mustSchedule) = inbox.withLock { inbox in
            if inbox.lines.count >= Self.mostLines {
                inbox.lines.removeFirst(Self.mostLines / 2)
                inbox.droppedLines += Self.mostLines / 2
            }
            inbox.lines.append(line)
            return (inbox.isRunning, inbox.scheduleFlush())
        }
        guard isRunning else {
            // Before the start and after the end, when the process may be about to exit.
            return queue.sync { flush() }
        }
        if mustSchedule { queue.async { self.flush() } }
    }

    private func scheduleTick(every interval: DispatchTimeInterval) {
        queue.asyncAfter(deadline: .now() + interval) {
            guard self.inbox.withLock({ $0.isRunning }) else { return }
            self.flush(isTick: true)
            self.scheduleTick(every: interval)
        }
    }

    /// Writes what the inbox holds. On `queue` only.
    private func flush(isTick: Bool = false, isLast: Bool = false) {
        let (events, lines, state, isRunning) = inbox.withLock { inbox in
            defer {
                inbox.events = []
                inbox.lines = []
                inbox.droppedLines = 0
                inbox.isFlushScheduled = false
            }
            let note = inbox.droppedLines > 0 ? ["(\(inbox.droppedLines) lines were not shown)"] : []
            return (inbox.events, note + inbox.lines, inbox.state, inbox.isRunning)
        }
        pen.withLock { pen in
            switch mode {
            case .bar where isRunning || isLast:
                draw(state, above: lines, isLast: isLast, with: &pen)
                return
            case .plain:
                for event in events {
                    pen.error.write(Self.joined(pen.plain.lines(for: event)))
                }
                if isTick { pen.error.write(Self.joined(pen.plain.tick(now: now()))) }
            case .json:
                pen.output.write(Self.joined(events.map(\.json.text)))
            case .bar, .none, .auto:
                break
            }
            pen.error.write(Self.joined(lines))
        }
    }

    private func draw(_ state: ProgressState, above: [String], isLast: Bool, with pen: inout Pen) {
        // In the background the terminal belongs to someone else.
        let foreground = tcgetpgrp(errorDescriptor)
        guard foreground < 0 || foreground == getpgrp() else {
            pen.canvas.leave()
            return pen.error.write(Self.joined(above))
        }
        // After Ctrl-Z and `fg` the shell has written below the last picture.
        if let last = pen.lastFrame, SuspendingClock.now - last > .seconds(3) { pen.canvas.leave() }
        let size = TerminalSize(of: errorDescriptor, environment: environment)
        let lines = ProgressFrame.lines(state, size: size, now: now(), style: style, isLast: isLast)
        pen.error.write(pen.canvas.redraw(lines, above: above, size: size))
        pen.lastFrame = SuspendingClock.now
    }

    private static func joined(_ lines: [String]) -> String {
        lines.map { $0 + "\n" }.joined()
    }
}
