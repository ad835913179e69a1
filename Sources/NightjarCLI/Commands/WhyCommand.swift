internal import ArgumentParser
internal import NightjarCore
internal import NightjarStore

struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "One job's whole story: every submission, what it waits for, what to do.",
        discussion: "Reads the state beside a run; needs no key.")

    @Argument(help: "The job's id, its key or a beginning of it, or its id at the API.")
    var job: String

    @Option(help: ArgumentHelp("Look in this batch only.", valueName: "name"))
    var batch: String?

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var files: StateOptions

    mutating func run() async throws {
        try await refusing { console in
            let reader = try StateReader(files, console: console)
            guard let store = reader.store else {
                if !json { try console.printResult("no jobs yet in \(Cells.plain(reader.path))\n") }
                return
            }
            if let batch { _ = try await reader.batches(named: batch) }
            let lookup = JobLookup(store: store, place: batch.map { "batch `\($0)`" } ?? "`\(reader.path)`")
            let found = try await lookup.job(job, in: batch.map { [$0] })
            guard let story = try await store.story(of: found.id) else {
                throw Refusal(.usage, "there is no job `\(Cells.plain(job))` any more")
            }
            if json { return try console.printResult(StoryRenderer.json(story).text + "\n") }
            let renderer = StoryRenderer(
                name: try await lookup.name(of: found), advice: files.advice, output: reader.output, now: WallTime.now,
                width: console.outputWidth, style: console.outputStyle, batch: try await store.batch(found.batch))
            try console.printResult(renderer.text(story))
        }
    }
}
