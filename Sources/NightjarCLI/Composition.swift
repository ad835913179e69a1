internal import FoundationEssentials
internal import Glibc
internal import JobsAPIClient
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest
internal import NightjarRunner
internal import NightjarStore

/// Puts a run together, in the order in which things can be refused: nothing is submitted before all is checked.
struct Composition: Sendable {
    let configuration: RunConfiguration
    let batches: [LoadedBatch]
    /// `nil` for a rehearsal.
    let key: APIKey?
    let display: ProgressDisplay
    let observer: any RunObserver
    let signals: StopSignals
    let environment: [String: String]

    func run() async throws -> ExitCode {
        do {
            _ = try Self.clientSettings(configuration, key: key, environment: environment)
        } catch {
            throw Refusal(.configuration, "\(error)")
        }
        let (lock, store) = try Self.openState(configuration.state)
        defer {
            // What could not be folded into the file now is folded by the next one that opens it.
            try? store.close()
            lock.release()
        }
        try await Self.refuseBatchesOfInboxes(batches, store)
        try await refuseImagesOfAnotherState(store)
        try await bind(store)
        let tree = OutputFolder(path: configuration.output, maxImageBytes: configuration.maxImageBytes)
        let outputLock = try Self.lock(
            configuration.output + "/.nightjar/output.lock", holding: "the output folder `\(configuration.output)`")
        defer { outputLock.release() }
        let asked = try takeIn(batches, into: store)
        try await checkPrices(asked, store)
        if key != nil, let exit = try await refusedByPerson(asked, store) { return exit }
        if configuration.retryFailed { _ = try await store.retryFailed(asked, now: WallTime.now) }
        display.start()
        guard key == nil else {
            return try await run(asked, store: store, tree: tree, baseURL: configuration.baseURL)
        }
        let folder = configuration.output + "/.nightjar/api"
        return try await Rehearsal.run(folder: folder) { baseURL in
            try await run(asked, store: store, tree: tree, baseURL: baseURL)
        }
    }

    // MARK: Steps

    /// A batch, with the file that it stands in.
    struct LoadedBatch: Sendable {
        let path: String
        let batch: ManifestBatch
    }

    /// - Throws: `Refusal` with all that is wrong with any of them.
    static func load(_ paths: [String]) throws(Refusal) -> [LoadedBatch] {
        var batches: [LoadedBatch] = []
        var errors: [ManifestError] = []
        if paths.count(where: { $0 == "-" }) > 1 {
            throw Refusal(.usage, "`-` stands for standard input, which can be read once")
        }
        for path in paths {
            do throws(ManifestError) {
                if path == "-", isatty(STDIN_FILENO) == 1 {
                    Console.current.printError("reading a manifest from standard input; Ctrl-D ends it\n")
                }
                let file = path == "-" ? try ManifestFile.standardInput() : ManifestFile(path: path)
                batches += try file.load().map { LoadedBatch(path: path, batch: $0) }
            } catch {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw Refusal(manifests: errors) }
        var names: [String: String] = [:]
        for loaded in batches {
            let name = loaded.batch.settings.name
            if let other = names.updateValue(loaded.path, forKey: name) {
                throw Refusal(
                    .manifestInvalid,
                    "`\(loaded.path)` and `\(other)` both hold the batch `\(name)`; the name is the batch's "
                        + "identity, so give one of them another")
            }
        }
        return batches
    }

    static func openState(_ path: String) throws -> (FileLock, SQLiteStore) {
        do {
            try SQLiteStore.prepareFolder(of: path)
            // The lock is of the file, however it is called.
            let path = realPath(path)
            let lock = try lock(path + ".lock", holding: "the state `\(path)`")
            return (lock, try SQLiteStore.open(path: path))
        } catch let failure as StoreFailure {
            throw Refusal(failure)
        }
    }

    static func lock(_ path: String, holding what: String) throws -> FileLock {
        do {
            try SQLiteStore.prepareFolder(of: path)
            return try FileLock(path: path)
        } catch let failure as StoreFailure {
            throw Refusal(failure)
        } catch let error as FileLockError {
            switch error {
            case .held:
                throw Refusal(
                    .locked, "\(what) is in use: \(error.words); wait for it, or give this run its own `--output`")
            case .unwritable(let words): throw Refusal(.cannotWrite, words)
            }
        }
    }

    /// How this state's process is told of what was left in it.
    static func bell(of state: String) -> RequestBell {
        RequestBell(state: realPath(state))
    }

    static func realPath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// A state belongs to one API: at another, the jobs that are paid for would count as vanished.
    private func bind(_ store: SQLiteStore) async throws {
        let api = key == nil ? Self.rehearsal : configuration.baseURL
        try await Self.checkBinding(of: store, to: api, configuration)
        try store.bind(toAPI: api)
    }

    /// From so many jobs on, taking them in is worth a word.
    private static let longIntake = 100_000

    private func takeIn(_ batches: [LoadedBatch], into store: SQLiteStore) throws -> [BatchID] {
        try refuseConflicts(in: batches, store)
        return try batches.map { loaded in
            let batch = loaded.batch
            if batch.jobCount >= Self.longIntake {
                display.printAbove("\(batch.settings.name): taking in \(batch.jobCount) jobs")
            }
            return try Self.refusingConflicts(of: loaded) {
                let intake = try store.takeIn(
                    batch.settings, digest: batch.digest, changed: configuration.changed, now: WallTime.now
                ) { add in
                    try batch.expand { job in
                        if let exit = signals.exitCode {
                            throw Refusal(
                                exit,
                                "interrupted while `\(batch.settings.name)` was being taken in; nothing of this was kept, "
                                    + "and nothing was submitted")
                        }
                        try add(job)
                    }
                }
                Failpoint.takenIn.reach()
                sayWhatChanged(intake, batch.settings.name)
                return intake.batch
            }
        }
    }

    private func sayWhatChanged(_ intake: Intake, _ name: String) {
        guard intake.total > intake.added || intake.removed > 0, !configuration.quiet else { return }
        var parts: [String] = []
        if intake.added > 0 { parts.append("\(intake.added) new") }
        if intake.returned > 0 { parts.append("\(intake.returned) named again") }
        if intake.replaced > 0 { parts.append("\(intake.replaced) changed before they were paid for") }
        let kept = intake.changed - intake.atAPI
        if kept > 0 { parts.append("\(kept) changed under the same id, kept as they are") }
        if intake.atAPI > 0 {
            parts.append("\(intake.atAPI) changed under the same id while the API has them: they come home as they are")
        }
        if intake.restored > 0 { parts.append("\(intake.restored) as they were made once, and that is taken back") }
        if intake.redone > 0 {
            parts.append("\(intake.redone) changed under the same id, made anew beside the old files")
        }
        if intake.removed > 0 { parts.append("\(intake.removed) no longer named") }
        if !parts.isEmpty { display.printAbove("\(name): the manifest has changed: \(parts.joined(separator: ", "))") }
        if kept > 0 {
            display.printAbove("  to make them anew, and pay for them: the same command with `--changed redo`")
        }
        if intake.atAPI > 0 {
            display.printAbove(
                configuration.changed == .redo
                    ? "  when those are home, the same command makes them anew, or takes back what was made before"
                    : "  when those are home, the same command takes back what was made before, if that is asked for now"
            )
        }
    }

    /// With a budget, a model without a price could spend anything.
    private func checkPrices(_ asked: [BatchID], _ store: SQLiteStore) async throws {
        let limited = try await store.batches().filter { asked.contains($0.id) && $0.settings.limits.budget != nil }
        let isLimited = configuration.run.budget != nil || configuration.run.daily?.budget != nil || !limited.isEmpty
        guard key != nil, isLimited else { return }
        var models = Set(try await store.modelsToSubmit(asked))
        if configuration.retryFailed {
            models.formUnion(try await store.failedModels(asked))
        }
        try Self.refuseUnpriced(models.sorted(), configuration.run.prices)
    }

    /// Which start of the machine this is; one of its own where the system does not say.
    static func bootID() -> String {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmed() ?? "process \(getpid()) at \(WallTime.now.milliseconds)"
    }

    private func run(
        _ asked: [BatchID], store: SQLiteStore, tree: OutputFolder, baseURL: String
    ) async throws -> ExitCode {
        let settings = configuration.run
        // Before the runner carries out what was left until now.
        let rings = Self.bell(of: configuration.state).rings()
        // What was set for an earlier run; the limits of this one are those that it is given.
        try await store.clearLimitOverrides()
        let connections = min(settings.concurrency + settings.downloads + 2, 128)
        let client = try Self.client(
            configuration, key: key, baseURL: baseURL, connections: connections, environment: environment)
        let runner = try await Runner(
            settings: settings, asked: asked, store: store, service: client, tree: tree, observer: observer,
            time: .system(bootID: Self.bootID()), bell: rings)
        signals.connect { runner.stop($0) }
        let startedAt = WallTime.now
        let note = LiveNoteWriter(state: Self.realPath(configuration.state)) {
            runner.snapshot(.run, pid: getpid(), startedAt: startedAt)
        }
        let telling = Task { await note.run() }
        var outcome = await runner.run()
        telling.cancel()
        await telling.value
        await client.shutdown()
        do {
            try await Self.writeMetadata(store, output: configuration.output) { display.printAbove($0) }
        } catch {
            let words = Runner.words(for: error)
            display.printAbove("error: metadata.jsonl could not be written: \(words)")
            outcome.add(.cannotWrite, words)
        }
        observer.observe(
            RunEvent(
                time: WallTime.now, batch: nil,
                kind: .finished(exit: outcome.exit.rawValue, reason: outcome.reason, needs: outcome.needs)))
        return outcome.exit
    }
}
