internal import Dispatch
internal import Glibc
internal import NightjarCore

/// A question to a person at the terminal, on standard error, answered on standard input.
enum Question {
    enum Answer: Equatable, Sendable {
        case yes
        /// Everything else that was typed, and the end of the input.
        case no
        /// A signal came first.
        case stopped(ExitCode)
    }

    /// Whether a person may be there to answer.
    static var canBeAsked: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// How soon a signal is noticed, in milliseconds.
    private static let patience: Int32 = 50

    /// - Parameters:
    ///   - text: Without the choices, which are put behind it.
    ///   - stop: The code of a signal that has come.
    static func ask(_ text: String, unless stop: @escaping @Sendable () -> ExitCode?) async -> Answer {
        // Not on the few threads that all tasks share, those of the signals among them.
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: answer(to: text, unless: stop))
            }
        }
    }

    private static func answer(to text: String, unless stop: () -> ExitCode?) -> Answer {
        var writer = DescriptorWriter(STDERR_FILENO)
        // What was typed before the question does not answer it.
        tcflush(STDIN_FILENO, TCIFLUSH)
        writer.write("\(text) [y/N] ")
        while true {
            if let exit = stop() {
                writer.write("\n")
                return .stopped(exit)
            }
            // In the background the terminal belongs to someone else: the answer waits for `fg`.
            guard tcgetpgrp(STDIN_FILENO) == getpgrp() else {
                usleep(UInt32(patience) * 1000)
                continue
            }
            var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&input, 1, patience) > 0 else { continue }
            // A terminal gives a line at a time.
            var bytes = [UInt8](repeating: 0, count: 256)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            if count <= 0 { writer.write("\n") }
            return isYes(String(decoding: bytes[..<max(0, count)], as: UTF8.self)) ? .yes : .no
        }
    }

    static func isYes(_ line: String) -> Bool { ["y", "yes"].contains(line.trimmed().lowercased()) }
}
