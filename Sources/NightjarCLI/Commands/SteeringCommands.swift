internal import ArgumentParser
internal import NightjarCore

/// Which batches and jobs a command that steers is about.
struct SteeredJobs: ParsableArguments {
    @Argument(help: "The batches.")
    var batches: [String] = []

    @Flag(help: "All batches.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Only this job: its id, its key or a beginning of it, or its id at the API. Can be repeated.",
            valueName: "key"))
    var job: [String] = []

    mutating func validate() throws {
        guard all != !batches.isEmpty else {
            throw ValidationError(all ? "name batches, or `--all`, not both" : "name the batches, or write `--all`")
        }
    }

    /// `nil`: all.
    var names: [String]? { all ? nil : batches }
}

extension StateReader {
    /// Gives an order about batches, or decides about single jobs of them, prints what became of it, and ends with its code.
    /// - Parameter order: `nil`: the decision about whatever of the batches it fits.
    func steer(
        _ jobs: SteeredJobs, _ files: StateOptions, _ decision: Decision, _ order: Order?, toDo words: String
    ) async throws {
        try checkState(toDo: words)
        if let order, jobs.job.isEmpty {
            let orders = BatchOrders(reader: self, advice: files.advice, batches: jobs.names, order: order)
            return try print(try await orders.carryOut())
        }
        let decisions = JobDecisions(
            reader: self, advice: files.advice, batches: jobs.names, jobs: jobs.job, decision: decision)
        let report = try await decisions.carryOut()
        try print(report.lines, report.problems, report.exit)
    }

    func checkState(toDo words: String) throws {
        guard store != nil else {
            throw Refusal(.usage, "there is no state `\(Cells.plain(path))`, so there is nothing to \(words)")
        }
    }

    func print(_ report: OrderReport) throws {
        try print(report.lines, report.problems, report.exit)
    }

    private func print(_ lines: [String], _ problems: [String], _ exit: NightjarCore.ExitCode) throws {
        try console.printResult(lines.map { $0 + "\n" }.joined())
        for words in problems { console.printError("error: \(words)\n") }
        if exit != .success { throw ArgumentParser.ExitCode(exit.rawValue) }
    }
}

struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Submit nothing more of batches or jobs until they are resumed.",
        discussion: """
            What is at the API is paid for, and comes home. With --all everything is paused, also batches to come. Works \
            beside a run within a second, or without one; needs no key.
            """)

    @OptionGroup var jobs: SteeredJobs
    @OptionGroup var files: StateOptions

    mutating func run() async throws {
        try await refusing { console in
            try await StateReader(files, console: console).steer(jobs, files, .pause, .pause, toDo: "pause")
        }
    }
}

struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Take back a pause.",
        discussion: """
            Of a batch, or of everything with --all; the jobs in it that were paused by themselves go on too. Without a \
            run, the next `nightjar run` goes on with the jobs.
            """)

    @OptionGroup var jobs: SteeredJobs
    @OptionGroup var files: StateOptions

    mutating func run() async throws {
        try await refusing { console in
            try await StateReader(files, console: console).steer(jobs, files, .resume, .resume, toDo: "resume")
        }
    }
}

struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Do not ask any more for what has not been submitted.",
        discussion: """
            What is at the API cannot be cancelled there: it is paid for, and comes home; it is not submitted again. \
            `nightjar retry` takes a cancel back. Works beside a run within a second, or without one; needs no key.
            """)

    @OptionGroup var jobs: SteeredJobs
    @OptionGroup var files: StateOptions

    mutating func run() async throws {
        try await refusing { console in
            try await StateReader(files, console: console).steer(jobs, files, .cancel, .cancel, toDo: "cancel")
        }
    }
}
