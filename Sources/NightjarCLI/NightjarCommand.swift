internal import ArgumentParser
internal import Glibc

/// `nightjar` and its commands.
package struct NightjarCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "nightjar",
        abstract: "Runs batches of image-generation jobs overnight: nothing lost, nothing paid twice.",
        version: version,
        subcommands: [RunCommand.self, StatusCommand.self, JobsCommand.self, ServeCommand.self])

    package static let version = "0.1.0"

    package init() {}

    /// Runs the command that the process was started with, and ends the process.
    package static func runProcess() async -> Never {
        // A reader that goes away (`| head`) is met as an error of the write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            exit()
        } catch {
            exit(withError: error)
        }
    }
}
