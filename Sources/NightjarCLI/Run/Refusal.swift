internal import NightjarCore
internal import NightjarManifest

/// Why a command does not begin, or cannot go on: what to print, and the exit code.
struct Refusal: Error {
    var exit: ExitCode
    /// Lines for standard error, without line ends.
    var messages: [Message]

    enum Message {
        case plain(String)
        case diagnostics(ManifestError)
    }

    init(_ exit: ExitCode, _ messages: String...) {
        self.exit = exit
        self.messages = messages.map { .plain($0) }
    }

    init(_ error: ConfigurationError) {
        exit = error.exit
        messages = (error.file.map { [.diagnostics($0)] } ?? []) + error.problems.map { .plain($0) }
    }

    /// No room for temporary files counts before unreadable manifests, and these before invalid ones.
    init(manifests errors: [ManifestError]) {
        let kinds = errors.map(\.kind)
        exit =
            kinds.contains(.unwritable)
            ? .cannotWrite : kinds.contains(.unreadable) ? .manifestUnreadable : .manifestInvalid
        messages = errors.map { .diagnostics($0) }
    }

    init(configuration error: ManifestError) {
        exit = .configuration
        messages = [.diagnostics(error)]
    }

    /// What an error of the state means.
    init(_ failure: StoreFailure) {
        switch failure {
        case .unwritable(let words), .newer(let words): self.init(.cannotWrite, words)
        case .damaged(let words):
            // What was noticed in the middle of something else says no more than that.
            let isExplained = words.contains("backup")
            self.init(
                .cannotWrite, isExplained ? words : "\(words); `nightjar verify` checks it, and says what to do")
        case .other(let words): self.init(.internalError, words)
        }
    }

    /// - Returns: `nil` for an error that is no refusal: one of our own mistakes.
    init?(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let failure as StoreFailure: self.init(failure)
        default: return nil
        }
    }

    /// - Parameter asJSON: One JSON object a message.
    func text(colour: Bool, asJSON: Bool) -> String {
        messages.map { message in
            switch message {
            case .plain(let words):
                if asJSON {
                    var line = JSONWriter()
                    line.add("severity", "error")
                    line.add("message", words)
                    return line.text + "\n"
                }
                return "error: \(words)\n"
            case .diagnostics(let error):
                if asJSON { return error.diagnostics.map { DiagnosticRenderer.json($0) + "\n" }.joined() }
                let outcome = exit == .configuration || exit == .usage ? "nothing was started" : "nothing was submitted"
                return DiagnosticRenderer.text(error, colour: colour, outcome: outcome)
            }
        }.joined()
    }
}
