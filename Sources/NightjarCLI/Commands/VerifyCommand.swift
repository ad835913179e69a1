internal import ArgumentParser
internal import Glibc
internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Compare every image with its recorded SHA-256; fetch again what is damaged.",
        discussion: """
            Reads every file and changes nothing. With --repair, what is damaged or missing is fetched again from the \
            API into its old place; a damaged file is kept in .nightjar/damaged. That needs the key, and the state, \
            which no run may hold meanwhile. Nothing is paid for. Ends with 3 if damage is left.
            """)

    @Argument(help: "Only this batch.")
    var batch: String?

    @Flag(help: "Fetch again what is damaged or missing.")
    var repair = false

    @Flag(help: "One JSON object.")
    var json = false

    @OptionGroup var files: StateOptions
    @OptionGroup var options: RepairOptions

    mutating func run() async throws {
        try await refusing { console in
            // Reading first: a state that is not there is not made, and one that is damaged is not written to.
            let reader = try StateReader(files, console: console)
            guard let store = reader.store else {
                let nothing = json ? VerifyReport().json : "no images yet in \(Cells.plain(reader.output))"
                return try console.printResult(nothing + "\n")
            }
            _ = try await reader.batches(named: batch)
            try await store.checkIntegrity(path: reader.path)
            let (report, trouble) = try await repair ? repaired(reader, console) : checked(reader, store, console)
            let text = report.text(
                output: reader.output, advice: files.advice, batch: batch, repairs: repair, style: console.outputStyle)
            try console.printResult(json ? report.json + "\n" : text)
            if let trouble { throw trouble }
            if report.exit != .success { throw ArgumentParser.ExitCode(report.exit.rawValue) }
        }
    }

    private func checked(
        _ reader: StateReader, _ store: SQLiteStore, _ console: Console
    ) async throws -> (VerifyReport, Refusal?) {
        (try await verify(store, try await reader.batches(named: batch), output: reader.output, console), nil)
    }

    private func repaired(_ reader: StateReader, _ console: Console) async throws -> (VerifyReport, Refusal?) {
        let repair = try Repair(files: files, options: options, console: console)
        return try await repair.run(batch: batch) { store, batches in
            try await verify(store, batches, output: reader.output, console)
        }
    }

    private func verify(
        _ store: any JobStore, _ batches: [BatchSummary], output: String, _ console: Console
    ) async throws -> VerifyReport {
        let total = batches.reduce(0) { $0 + $1.count(.done, .filtered) }
        var progress = VerifyProgress(STDERR_FILENO, width: console.errorWidth, style: console.errorStyle)
        defer { progress.end() }
        let verification = Verification(store: store, output: output)
        return try await verification.run(batches) { checked, bytes in
            progress.show("checked \(checked) of \(total) images, \(ByteCount(bytes: bytes))")
        }
    }
}

/// The options of `run` that fetching images needs.
struct RepairOptions: ParsableArguments {
    @Option(help: ArgumentHelp("With --repair: the Jobs API.", valueName: "url"))
    var baseURL: String?

    @Option(
        help: ArgumentHelp(
            "With --repair: a file with the API key (else SERIKA_API_KEY or NIGHTJAR_API_KEY).", valueName: "file"))
    var apiKeyFile: String?

    @Option(help: ArgumentHelp("With --repair: API requests a second, or 60/min (default: 5/s).", valueName: "r"))
    var rate: String?

    @Option(help: ArgumentHelp("With --repair: images fetched at one time (default: 4).", valueName: "n"))
    var downloads: String?

    @Option(help: ArgumentHelp("With --repair: trust the authorities of this PEM file.", valueName: "file"))
    var caFile: String?

    @Option(
        help: ArgumentHelp("With --repair: silence after which a request is repeated (default: 30s).", valueName: "t"))
    var timeout: String?

    @Option(help: ArgumentHelp("With --repair: the largest image (default: 64MiB).", valueName: "size"))
    var maxImageBytes: String?

    var flags: [Setting: String] {
        var flags: [Setting: String] = [:]
        flags[.baseURL] = baseURL
        flags[.apiKeyFile] = apiKeyFile
        flags[.rate] = rate
        flags[.downloads] = downloads
        flags[.caFile] = caFile
        flags[.timeout] = timeout
        flags[.maxImageBytes] = maxImageBytes
        return flags
    }
}
