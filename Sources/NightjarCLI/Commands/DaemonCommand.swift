internal import ArgumentParser
internal import NightjarCore
internal import NightjarManifest

struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon", abstract: "Watch the inbox folders, and run what is dropped there, for ever.",
        discussion: """
            The configuration (--config, NIGHTJAR_CONFIG, or /etc/nightjar/nightjar.yaml) names the inboxes. Options go \
            before the environment, and that before the file. SIGHUP reads it again; SIGTERM sees running jobs home.
            """)

    @Flag(help: "Only check: the configuration, the key, folders, files and programs. Nothing is made or sent.")
    var check = false

    @OptionGroup var files: StateOptions
    @OptionGroup var options: DaemonOptions

    mutating func run() async throws {
        let console = Console.current
        do {
            try await execute(console)
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            console.print(refusal, asJSON: options.service.logFormat == "json")
            throw ArgumentParser.ExitCode(refusal.exit.rawValue)
        }
    }

    private func execute(_ console: Console) async throws {
        for warning in RunConfiguration.environmentWarnings(console.environment) { console.printError(warning + "\n") }
        let (flags, config) = (files.flags.merging(options.flags) { $1 }, files.config)
        let environment = console.environment
        let read = { @Sendable () throws(Refusal) in
            try DaemonConfiguration.load(flags: flags, config: config, environment: environment)
        }
        let configuration = try read()
        let isJSON = configuration.logFormat == .json
        for warning in configuration.warnings {
            console.printError(
                isJSON
                    ? DiagnosticRenderer.json(warning) + "\n"
                    : DiagnosticRenderer.text(warning, colour: console.errorStyle.colour) + "\n")
        }
        guard check else {
            return try await DaemonRun(configuration, environment: environment, read: read).run()
        }
        let summary = DaemonSummary(configuration).lines(width: console.outputWidth, style: console.outputStyle)
        try console.printResult(summary.map { $0 + "\n" }.joined())
    }
}
