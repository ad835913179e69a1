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

    @OptionGroup var jobs: SteeredJobs

    @Option(help: ArgumentHelp("Take this job of the API as the one job's.", valueName: "jobid"))
    var adopt: String?

    @Flag(help: "Pay for a new image of the one job.")
    var resubmit = false

    @OptionGroup var files: StateOptions

    mutating func validate() throws {
        if adopt != nil, resubmit { throw ValidationError("`--adopt` and `--resubmit` exclude each other") }
        if adopt != nil || resubmit, jobs.job.count != 1 {
            throw ValidationError("`\(resubmit ? "--resubmit" : "--adopt")` needs exactly one `--job`")
        }
        if adopt?.isEmpty == true { throw ValidationError("`--adopt` needs the id of a job at the API") }
    }

    mutating func run() async throws {
        try await refusing { console in
            try await StateReader(files, console: console).steer(jobs, files, decision, nil, toDo: "try again")
        }
    }

    private var decision: Decision {
        if let adopt { return .adopt(RemoteJobID(adopt)) }
        return resubmit ? .resubmit : .retry
    }
}
