internal import Glibc
internal import JobsAPIClient
internal import NightjarCore
internal import NightjarFiles
internal import NightjarRunner
internal import NightjarStore

/// Puts `verify --repair` together: the state's lock, the key, the API that the state belongs to, and the output folder.
struct Repair {
    private let console: Console
    private let configuration: RunConfiguration
    private let flags: [Setting: String]
    private let file: ConfigurationFile

    init(files: StateOptions, options: RepairOptions, console: Console) throws {
        self.console = console
        flags = files.flags.merging(options.flags) { $1 }
        file = try ConfigurationFile.loadOrRefuse(named: files.config, environment: console.environment)
        do {
            configuration = try RunConfiguration(flags: flags, environment: console.environment, file: file)
        } catch {
            throw Refusal(error)
        }
    }

    /// - Parameters:
    ///   - batch: `nil`: all.
    ///   - verify: Says what is damaged.
    /// - Returns: What was found and repaired, and why not all was tried.
    func run(
        batch: String?, verify: (any JobStore, [BatchSummary]) async throws -> VerifyReport
    ) async throws -> (VerifyReport, Refusal?) {
        let (lock, store) = try Composition.openState(configuration.state)
        defer {
            try? store.close()
            lock.release()
        }
        let isRehearsal = try checkAPI(store)
        let key: APIKey?
        do {
            key = isRehearsal ? nil : try KeyLookup.find(flags: flags, environment: console.environment, file: file)
        } catch {
            throw Refusal(error)
        }
        let batches = try await store.batches().filter { batch == nil || $0.settings.name == batch }
        let locks = OutputLocks()
        defer { locks.release() }
        try locks.take(configuration.output)
        for batch in batches { try locks.take(batch.settings.output(otherwise: configuration.output)) }
        var report = try await verify(store, batches)
        guard !report.findings.isEmpty else { return (report, nil) }
        let tree = OutputFolders(path: configuration.output, maxImageBytes: configuration.maxImageBytes)
        for batch in batches {
            tree.assign(
                batch.settings.name, to: batch.settings.output(otherwise: configuration.output), ownership: .inherited)
        }
        do {
            try tree.checkWritable(batches: batches.map(\.settings.name))
        } catch {
            throw Refusal(.cannotWrite, error.words)
        }
        let findings = report.findings
        let repaired: [VerifyReport.Finding]
        let trouble: Repairer.Trouble?
        if isRehearsal {
            (repaired, trouble) = try await Rehearsal.run(folder: configuration.output + "/.nightjar/api") { baseURL in
                try await fetch(findings, batches, store: store, tree: tree, key: nil, baseURL: baseURL)
            }
        } else {
            (repaired, trouble) = try await fetch(
                findings, batches, store: store, tree: tree, key: key, baseURL: configuration.baseURL)
        }
        report.findings = repaired
        try await writeMetadata(store, report, batches)
        return (report, trouble.map { Refusal($0) })
    }

    /// What is recorded must be readable again, so a state that cannot be written stops before anything is moved.
    /// - Returns: Whether the jobs are a rehearsal's, whose API is in the output folder.
    private func checkAPI(_ store: SQLiteStore) throws -> Bool {
        guard let known = try store.boundAPI() else { return false }
        let isRehearsal = known == Composition.rehearsal
        guard isRehearsal || known == configuration.baseURL else {
            throw Refusal(
                .configuration,
                "the jobs of the state `\(configuration.state)` are at \(known); repair them with that `--base-url`")
        }
        try store.bind(toAPI: known)
        return isRehearsal
    }

    private func fetch(
        _ findings: [VerifyReport.Finding], _ batches: [BatchSummary], store: SQLiteStore, tree: OutputFolders,
        key: APIKey?, baseURL: String
    ) async throws -> (findings: [VerifyReport.Finding], trouble: Repairer.Trouble?) {
        let settings = configuration.run
        let client = try Composition.client(
            configuration, key: key, baseURL: baseURL, connections: settings.downloads + 2,
            environment: console.environment)
        let time = Timekeeper.system(bootID: Composition.bootID())
        let repairer = Repairer(
            store: store, service: client, tree: tree,
            allowance: try await RequestAllowance(rate: settings.rate, batches: batches, store: store, time: time),
            time: time, width: settings.downloads, jitter: { Double.random(in: 0..<1) })
        var progress = VerifyProgress(STDERR_FILENO, width: console.errorWidth, style: console.errorStyle)
        let result = try await repairer.repair(findings) { tried in
            progress.show("fetched again \(tried) of \(findings.count) images")
        }
        progress.end()
        await client.shutdown()
        return result
    }

    private func folder(of batch: String, _ batches: [BatchSummary]) -> String {
        let settings = batches.first { $0.settings.name == batch }?.settings
        let output = settings?.output(otherwise: configuration.output) ?? configuration.output
        return "\(output)/\(SafePathComponent.make(batch, limit: 200))"
    }

    /// Only where an image is another one, or is gone from the tree; and where the file went with the images.
    private func writeMetadata(
        _ store: SQLiteStore, _ report: VerifyReport, _ batches: [BatchSummary]
    ) async throws {
        let changed = report.findings.filter { finding in
            switch finding.repair {
            case .repaired(isOther: true), .blank: true
            case .repaired(isOther: false):
                access("\(folder(of: finding.batch, batches))/metadata.jsonl", F_OK) != 0
            case .gone, .failed, nil: false
            }
        }
        guard !changed.isEmpty else { return }
        do {
            try await Composition.writeMetadata(
                store, output: configuration.output, changed: Set(changed.map(\.batch))
            ) { console.printError($0 + "\n") }
        } catch let failure as OutputFailure {
            throw Refusal(.cannotWrite, "metadata.jsonl could not be written: \(failure.words)")
        }
    }
}

extension OutputFailure {
    var words: String {
        switch self {
        case .unwritable(let words), .notAnImage(let words), .wrongSize(let words): words
        }
    }
}

extension Refusal {
    /// What has ended a repair before its time.
    init(_ trouble: Repairer.Trouble) {
        switch trouble {
        case .unwritable(let words): self.init(.cannotWrite, words)
        case .account(let trouble):
            self.init(trouble.kind == .paymentRequired ? .accountBlocked : .keyRefused, trouble.words)
        }
    }
}
