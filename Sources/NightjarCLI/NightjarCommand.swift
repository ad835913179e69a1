internal import ArgumentParser
internal import Glibc

/// `nightjar` and its commands.
struct NightjarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nightjar",
        abstract: "Runs batches of image-generation jobs overnight: nothing lost, nothing paid twice.",
        version: "0.1.0",
        subcommands: [
            RunCommand.self, DaemonCommand.self, SubmitCommand.self, PlanCommand.self, StatusCommand.self,
            JobsCommand.self, WhyCommand.self, PauseCommand.self, ResumeCommand.self, CancelCommand.self,
            RetryCommand.self, SetCommand.self, VerifyCommand.self, ServeCommand.self, InitCommand.self,
        ])
}

/// The whole program.
package enum NightjarProgram {
    /// Runs the command that the process was started with, and ends the process.
    package static func run() async -> Never {
        // A reader that goes away (`| head`) is met as an error of the write.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try NightjarCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            NightjarCommand.exit()
        } catch {
            end(error)
        }
    }

    /// Help and the version go to standard output; what is wrong goes to standard error, spelled as all our errors are.
    private static func end(_ error: any Error) -> Never {
        let code = NightjarCommand.exitCode(for: error)
        let message = NightjarCommand.fullMessage(for: error)
        guard !code.isSuccess, message.hasPrefix("Error: ") else { NightjarCommand.exit(withError: error) }
        Console.current.printError("error: \(message.dropFirst("Error: ".count))\n")
        NightjarCommand.exit(withError: code)
    }
}
