import Foundation

extension Workbench {
    private static let terminal = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Terminal/terminal.py").standardized.path

    /// Runs `nightjar` in a terminal of its own, which the process has as its input, its output and its errors.
    /// - Parameters:
    ///   - typing: What is typed, each once what it answers has appeared after the one before; `^C` and `^D` are the
    ///     control characters.
    /// - Returns: What was on the terminal as `output`; exit 124 where it took too long.
    func inTerminal(
        _ arguments: [String], columns: Int = 80, typing: [(after: String, text: String)] = [],
        environment: [String: String?] = [:]
    ) async throws -> Ending {
        let answers = typing.flatMap { [$0.after, $0.text] }
        let changes = ["TERM": "xterm-256color", "LC_ALL": "C.UTF-8"].merging(environment) { $1 }
        return try await start(
            ["python3", Self.terminal, "\(columns)"] + answers + ["--", NightjarProcess.binary] + arguments,
            executable: "/usr/bin/env", environment: changes
        ).end()
    }

    func inTerminal(
        _ arguments: String..., columns: Int = 80, typing: [(after: String, text: String)] = [],
        environment: [String: String?] = [:]
    ) async throws -> Ending {
        try await inTerminal(arguments, columns: columns, typing: typing, environment: environment)
    }
}
