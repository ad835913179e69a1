internal import ArgumentParser
internal import NightjarCore
internal import NightjarManifest
internal import NightjarStore

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "What a run would do: new jobs, cost, time. Nothing is sent or written.",
        discussion: """
            Checks and expands the manifests as `run` does, against the state as it is; refuses what `run` would refuse, \
            with the same code. It takes the options of `run`, and the limits among them count. No key, no network.
            """)

    @Argument(help: "Manifests (YAML).")
    var manifests: [String]

    @Flag(help: "JSON Lines: one line a job.")
    var json = false

    @OptionGroup var files: StateOptions
    @OptionGroup(title: "Options of run") var options: RunOptions

    mutating func run() async throws {
        let console = Console.current
        do {
            try await execute(console)
        } catch {
            guard let refusal = Refusal(error) else { throw error }
            console.print(refusal, asJSON: options.logFormat == "json")
            throw ArgumentParser.ExitCode(refusal.exit.rawValue)
        }
    }

    private func execute(_ console: Console) async throws {
        let file = try ConfigurationFile.loadOrRefuse(named: files.config, environment: console.environment)
        for warning in RunConfiguration.environmentWarnings(console.environment) { console.printError(warning + "\n") }
        let configuration: RunConfiguration
        do {
            configuration = try RunConfiguration(
                flags: files.flags.merging(options.flags) { $1 }, environment: console.environment, file: file)
        } catch {
            throw Refusal(error)
        }
        let batches = try Composition.load(manifests)
        for warning in batches.flatMap(\.batch.warnings) where !configuration.quiet {
            console.printError(DiagnosticRenderer.text(warning, colour: console.errorStyle.colour))
        }
        // Where somebody has it open, it is read as any other reader does.
        let isAtRest = SQLiteStore.isAtRest(configuration.state)
        let mark = isAtRest ? SQLiteStore.restMark(configuration.state) : nil
        func isDisturbed() -> Bool { mark != nil && SQLiteStore.restMark(configuration.state) != mark }
        do {
            let store = try SQLiteStore.openForReading(path: configuration.state, leavesNoTrace: true)
            try await execute(
                Planner(configuration: configuration, batches: batches, store: store, now: WallTime.now), console)
        } catch {
            // What was read while it changed is not to be believed, least of all that it is damaged.
            throw isDisturbed() ? Self.disturbed(configuration.state) : error
        }
        if isDisturbed() { throw Self.disturbed(configuration.state) }
    }

    private static func disturbed(_ state: String) -> Refusal {
        Refusal(.locked, "another process began to use the state `\(state)` while it was read; plan again")
    }

    private func execute(_ planner: Planner, _ console: Console) async throws {
        if json {
            try await printJobs(planner, console)
        } else {
            let plan = try await planner.plan()
            let renderer = PlanRenderer(plan: plan, width: console.outputWidth, style: console.outputStyle)
            try console.printResult(renderer.text)
        }
    }

    /// A line a job on standard output; what is worth a second look goes to standard error.
    private func printJobs(_ planner: Planner, _ console: Console) async throws {
        var output = BufferedOutput()
        let plan = try await planner.plan { batch, job, path in
            try output.add(PlanJSON.line(job, batch: batch, path: path).text + "\n")
        }
        try output.flush()
        guard !planner.configuration.quiet else { return }
        for batch in plan.batches {
            for warning in batch.warnings {
                let place = Cells.plain("\(warning.first.file):\(warning.first.line)")
                console.printError("\(place): warning: \(warning.words)\n")
            }
            for words in batch.settingWarnings {
                console.printError("\(Cells.plain(batch.file)): warning: \(batch.settings.name): \(words)\n")
            }
        }
    }
}

/// A job as `plan --json` prints it.
enum PlanJSON {
    static func line(_ job: PreviewedJob, batch: String, path: String) -> JSONWriter {
        let parameters = job.request.parameters
        var line = JSONWriter()
        line.add("batch", batch)
        line.add("key", job.key.description)
        line.add("index", job.index)
        line.add("id", job.label)
        line.add("change", job.change.rawValue)
        line.add("state", job.state.rawValue)
        line.add("prompt", job.request.prompt)
        line.add("model", parameters.model)
        line.add("seed", job.request.seed)
        line.add("negative_prompt", parameters.negativePrompt)
        line.add("width", parameters.width)
        line.add("height", parameters.height)
        line.add("steps", parameters.steps)
        line.add("cfg_scale", parameters.cfgScale)
        line.add("sampler", parameters.sampler)
        line.add("path", path)
        line.add("variables", json: job.variables ?? "null")
        line.add("meta", json: job.meta ?? "null")
        return line
    }
}
