internal import Glibc
internal import NightjarCore
internal import Synchronization

/// What the service tells systemd (sd_notify(3)). Without `NOTIFY_SOCKET` nobody listens, and nothing is said.
///
/// Nothing here waits or fails.
package final class ServiceManager: Sendable {
    private struct Words {
        var line = ""
        var trouble: String?
        var sent: String?
    }

    private let socket: NotifySocket?
    /// Guards what `systemctl status` shows, so that lines are sent in the order in which they were said.
    private let words = Mutex(Words())

    /// Within this time systemd wants to hear `watchdog()` each time, or it ends the process; `nil`: it does not.
    package let watchdogInterval: Duration?

    /// - Parameter environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read.
    package init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { NotifySocket($0) }
        watchdogInterval = socket == nil ? nil : Self.interval(environment)
    }

    private static func interval(_ environment: [String: String]) -> Duration? {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        // A process that this one was started by may be the one that is watched.
        if let pid = environment["WATCHDOG_PID"], pid != String(getpid()) { return nil }
        return .microseconds(microseconds)
    }

    /// The service is up, or has read its configuration anew.
    package func ready() { send("READY=1") }

    /// The configuration is being read anew; `ready()` follows, whatever comes of it.
    package func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)")
    }

    /// The service ends.
    package func stopping() { send("STOPPING=1") }

    /// The service is alive.
    package func watchdog() { send("WATCHDOG=1") }

    /// Starting or stopping may take this much longer from now on, whatever the unit says.
    package func extendTimeout(by duration: Duration) {
        send("EXTEND_TIMEOUT_USEC=\(max(0, duration.milliseconds) * 1000)")
    }

    /// The line that `systemctl status` shows, unless there is trouble.
    package func status(_ line: String) {
        say { $0.line = line }
    }

    /// What is wrong, shown in place of the status; `nil`: nothing any more.
    package func trouble(_ reason: String?) {
        say { $0.trouble = reason }
    }

    private func say(_ change: (inout Words) -> Void) {
        words.withLock { words in
            change(&words)
            let line = words.trouble.map { "ill: \($0)" } ?? words.line
            guard line != words.sent else { return }
            words.sent = line
            send("STATUS=\(Self.oneLine(line))")
        }
    }

    /// A line end would begin another message. A datagram takes more, a terminal does not.
    private static func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(500).map { $0.value < 0x20 ? " " : $0 }))
    }

    private func send(_ text: String) { socket?.send(text) }
}
