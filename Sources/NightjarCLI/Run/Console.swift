internal import FoundationEssentials
internal import Glibc
internal import NightjarCore

/// Standard output and standard error of a command that is not a run.
struct Console: Sendable {
    let environment: [String: String]

    static var current: Console { Console(environment: ProcessInfo.processInfo.environment) }

    var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    var outputStyle: TerminalStyle { TerminalStyle(isTerminal: outputIsTerminal, environment: environment) }
    var errorStyle: TerminalStyle { TerminalStyle(isTerminal: errorIsTerminal, environment: environment) }

    /// Columns of standard output; `nil` where it is no terminal.
    var outputWidth: Int? {
        outputIsTerminal ? TerminalSize(of: STDOUT_FILENO, environment: environment).columns : nil
    }

    /// Columns of standard error; `nil` where it is no terminal.
    var errorWidth: Int? {
        errorIsTerminal ? TerminalSize(of: STDERR_FILENO, environment: environment).columns : nil
    }

    func print(_ text: String) {
        var writer = DescriptorWriter(STDOUT_FILENO)
        writer.write(text)
    }

    func printError(_ text: String) {
        var writer = DescriptorWriter(STDERR_FILENO)
        writer.write(text)
    }

    func print(_ refusal: Refusal, asJSON: Bool = false) {
        printError(refusal.text(colour: errorStyle.colour, asJSON: asJSON))
    }
}
