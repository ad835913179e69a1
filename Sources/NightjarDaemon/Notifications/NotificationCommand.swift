internal import NightjarCore

/// A program that is run for each notification, with the JSON on its standard input.
struct NotificationCommand: Sendable {
    let words: [String]

    static let patience: Duration = .seconds(60)

    /// What it is called in the log. Arguments may be secrets.
    var name: String { "the command `\(words.first ?? "")`" }

    /// What a program is not to have: the key, and the daemon's own line to systemd.
    private static let withheld = [
        "SERIKA_API_KEY", "NIGHTJAR_API_KEY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID",
        "JOURNAL_STREAM",
    ]

    /// One try.
    /// - Returns: Besides, the end of what the program printed.
    func deliver(
        _ notification: Notification, environment: [String: String], limit: Duration = patience, time: Timekeeper
    ) async -> (delivery: Delivery, output: String) {
        var environment = environment.filter { !Self.withheld.contains($0.key) }
        environment["NIGHTJAR_EVENT"] = notification.occasion.rawValue
        let result = await ChildProcess.run(
            words, environment: environment, input: notification.json.text + "\n", limit: limit, time: time)
        let delivery: Delivery =
            switch result.end {
            case .exited(0): .delivered
            case .exited(let code): .failed("it ended with \(code)")
            case .signalled(let signal): .failed("signal \(signal) ended it")
            case .tookTooLong: .failed("it did not end within \(limit.spoken), and was killed")
            case .cancelled: .failed("the daemon ends")
            case .notStarted(let words): .failed(words)
            }
        return (delivery, result.tail)
    }
}
