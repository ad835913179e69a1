internal import ArgumentParser
internal import NightjarCore

struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try again what failed or was cancelled; decide about a lost answer.",
        discussion: """
            Without --job it takes every failed and cancelled job of the batches. A job that may have been paid for is \
            asked for under its old id first, and another one is paid for only where it has FAILED or the API no longer \
            knows it; --resubmit pays in any case. Works beside a run, and needs no key. Without a run, the next `nightjar run` goes on with the jobs.
            """)

    @Argument(help: "The batches.")
    var batches: [String] = []

    @Flag(help: "All batches.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Only this job: its id, its key or a beginning of it, or its id at the API. Can be repeated.",
            valueName: "key"))
    var job: [String] = []

    @Option(help: ArgumentHelp("Take this job of the API as the one job's.", valueName: "jobid"))
    var adopt: String?

    @Flag(help: "Pay for a new image of the one job.")
    var resubmit = false

    @OptionGroup var files: StateOptions

    mutating func validate() throws {
        guard all != !batches.isEmpty else {
            throw ValidationError(all ? "name batches, or `--all`, not both" : "name the batches, or write `--all`")
        }
        if adopt != nil, resubmit { throw ValidationError("`--adopt` and `--resubmit` exclude each other") }
        if adopt != nil || resubmit, job.count != 1 {
            throw ValidationError("`\(resubmit ? "--resubmit" : "--adopt")` needs exactly one `--job`")
        }
        if adopt?.isEmpty == true { throw ValidationError("`--adopt` needs the id of a job at the API") }
    }

    mutating func run() async throws {
        try await refusing { console in
            let reader = try StateReader(files, console: console)
            guard reader.store != nil else {
                throw Refusal(
                    .usage, "there is no state `\(Cells.plain(reader.path))`, so there is nothing to try again")
            }
            let retry = Retry(
                reader: reader, advice: files.advice, batches: all ? nil : batches, jobs: job, decision: decision)
            let report = try await retry.carryOut()
            try console.printResult(report.lines.map { $0 + "\n" }.joined())
            for words in report.problems { console.printError("error: \(words)\n") }
            if report.exit != .success { throw ArgumentParser.ExitCode(report.exit.rawValue) }
        }
    }

    private var decision: Decision {
        if let adopt { return .adopt(RemoteJobID(adopt)) }
        return resubmit ? .resubmit : .retry
    }
}
