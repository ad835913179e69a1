internal import ArgumentParser
internal import JobsAPIClient
internal import NightjarCore
internal import NightjarManifest
internal import NightjarRunner

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run manifests to completion; run again, it goes on where it was.",
        discussion: """
            Every option can also stand in the configuration file (underscores for hyphens) and in the environment \
            (NIGHTJAR_CONCURRENCY, say). The key comes from SERIKA_API_KEY, NIGHTJAR_API_KEY or --api-key-file.
            """)

    @Argument(help: "Manifests (YAML).")
    var manifests: [String]

    @Flag(help: "Run against a Jobs API inside the process, with placeholder images: no key, no cost, own output.")
    var rehearse = false

    @OptionGroup var files: StateOptions
    @OptionGroup var options: RunOptions

    mutating func run() async throws {
        let console = Console.current
        let code: NightjarCore.ExitCode
        do {
            code = try await execute(console)
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            console.print(refusal, asJSON: options.logFormat == "json")
            code = refusal.exit
        }
        throw ArgumentParser.ExitCode(code.rawValue)
    }

    private func execute(_ console: Console) async throws -> NightjarCore.ExitCode {
        let environment = console.environment
        let flags = files.flags.merging(options.flags) { $1 }
        let file = try ConfigurationFile.loadOrRefuse(named: files.config, environment: environment)
        for warning in RunConfiguration.environmentWarnings(environment) { console.printError(warning + "\n") }
        var configuration: RunConfiguration
        do {
            configuration = try RunConfiguration(
                flags: flags, environment: environment, file: file, rehearses: rehearse)
            let rateIsGiven = flags[.rate] != nil || environment[Setting.rate.environmentName] != nil
            if rehearse, !rateIsGiven, file.settings[.rate] == nil { configuration.run.rate = Rehearsal.rate }
            if configuration.quiet { configuration.progress = configuration.progress == .json ? .json : .none }
        } catch {
            throw Refusal(error)
        }
        // Before the key is asked for: who checks a manifest has often none yet.
        let batches = try Composition.load(manifests)
        for warning in batches.flatMap(\.batch.warnings) where !configuration.quiet {
            console.printError(DiagnosticRenderer.text(warning, colour: console.errorStyle.colour))
        }
        let key: APIKey?
        do {
            key = rehearse ? nil : try KeyLookup.find(flags: flags, environment: environment, file: file)
        } catch {
            throw Refusal(error)
        }
        return try await execute(batches, configuration, key: key, environment: environment)
    }

    private func execute(
        _ batches: [Composition.LoadedBatch], _ configuration: RunConfiguration, key: APIKey?,
        environment: [String: String]
    ) async throws -> NightjarCore.ExitCode {
        let log = RunLog(configuration, environment: environment)
        let display = ProgressDisplay(
            mode: log.replacesLines(configuration.progress, environment: environment),
            outputFolder: configuration.output, stateFlags: stateFlags(configuration), environment: environment,
            now: { WallTime.now })
        let observers: [(any RunObserver)?] = [display, log.observer { display.printAbove($0) }]
        let signals = StopSignals { display.finish() }
        let listening = Task { await signals.listen() }
        defer { listening.cancel() }
        let composition = Composition(
            configuration: configuration, batches: batches, key: key, display: display,
            observer: ObserverGroup(members: observers.compactMap { $0 }), signals: signals,
            environment: environment)
        defer { display.finish() }
        return try await composition.run()
    }

    /// What `jobs` and `status` must be told to find this state.
    private func stateFlags(_ configuration: RunConfiguration) -> String {
        var flags = ""
        if rehearse || files.output != nil { flags += " --output \(ShellWord.quoted(configuration.output))" }
        if files.state != nil { flags += " --state \(ShellWord.quoted(configuration.state))" }
        return flags
    }
}
