internal import ArgumentParser
internal import Glibc
internal import NightjarCore
internal import NightjarStore

/// Runs the body of a command, and ends with the code of what it refuses.
func refusing(_ body: (Console) async throws -> Void) async throws {
    let console = Console.current
    do {
        try await body(console)
    } catch {
        guard let refusal = Refusal(error) else { throw error }
        console.print(refusal)
        throw ArgumentParser.ExitCode(refusal.exit.rawValue)
    }
}

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What is done, running, failed, why it waits, and when it will end.",
        discussion: "Begins with what you must do now, if anything. Reads the state beside a run; needs no key.")

    @Argument(help: "Only this batch.")
    var batch: String?

    @Flag(help: "One JSON object.")
    var json = false

    @Flag(help: "Look again once a second, until Ctrl-C; in a pipe, tell whenever something has changed.")
    var watch = false

    @OptionGroup var files: StateOptions

    mutating func validate() throws {
        if watch, json { throw ValidationError("`--watch` and `--json` exclude each other") }
    }

    mutating func run() async throws {
        try await refusing { console in
            if watch { return try await StatusWatch(files: files, batch: batch, console: console).run() }
            let reader = try StateReader(files, console: console)
            let batches = try await reader.batches(named: batch)
            let live = try await reader.live()
            if json {
                try console.printResult(StatusRenderer.json(batches, live: live, advice: files.advice) + "\n")
            } else {
                try console.printResult(
                    StatusRenderer.table(
                        batches, live: live, stateFile: reader.path, output: reader.output, advice: files.advice,
                        width: console.outputWidth, style: console.outputStyle))
            }
        }
    }
}

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "jobs", abstract: "One line a job.")

    @Argument(help: "Only this batch.")
    var batch: String?

    @Option(help: ArgumentHelp("Only jobs in these states, separated by commas.", valueName: "state[,state]"))
    var only: String?

    @Flag(help: "JSON Lines.")
    var json = false

    @OptionGroup var files: StateOptions

    mutating func run() async throws {
        try await refusing { console in
            let states = try only.map(Self.states)
            let reader = try StateReader(files, console: console)
            let batches = try await reader.batches(named: batch)
            guard let store = reader.store else { return }
            let renderer = JobsRenderer(
                namesBatch: batches.count > 1, width: console.outputWidth, style: console.outputStyle)
            var output = BufferedOutput()
            try await store.forEachJob(of: batch, in: states) { job in
                try output.add((json ? JobsRenderer.json(job).text : renderer.line(job)) + "\n")
            }
            try output.flush()
        }
    }

    private static func states(_ text: String) throws -> Set<JobState> {
        var states: Set<JobState> = []
        for name in text.split(separator: ",").map({ $0.trimmed() }) {
            guard let state = JobState(rawValue: name) else {
                let known = JobState.allCases.map(\.rawValue)
                let near =
                    nearest(to: name, among: known).map { "did you mean `\($0)`?" }
                    ?? "known are \(known.joined(separator: ", "))"
                throw Refusal(.usage, "`\(Cells.plain(name))` is no state of a job; \(near)")
            }
            states.insert(state)
        }
        return states
    }
}

/// Standard output in large pieces. A reader that has gone away (`| head`) ends the command without a word.
struct BufferedOutput {
    private var buffer = ""
    private var writer = DescriptorWriter(STDOUT_FILENO)

    mutating func add(_ text: String) throws {
        buffer += text
        if buffer.utf8.count >= 1 << 16 { try flush() }
    }

    mutating func flush() throws {
        writer.write(buffer)
        buffer = ""
        try writer.check()
    }
}

extension DescriptorWriter {
    /// - Throws: `ExitCode.success` where the reader has gone, which is its right; a `Refusal` for every other failure.
    func check() throws {
        guard let failure else { return }
        if failure == EPIPE { throw ArgumentParser.ExitCode.success }
        throw Refusal(.cannotWrite, "the output cannot be written: \(String(cString: strerror(failure)).lowercased())")
    }
}

extension Console {
    /// What a command was asked for, on standard output.
    func printResult(_ text: String) throws {
        var writer = DescriptorWriter(STDOUT_FILENO)
        writer.write(text)
        try writer.check()
    }
}
