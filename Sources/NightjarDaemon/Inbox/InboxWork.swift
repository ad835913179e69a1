internal import Glibc
internal import Logging
internal import NightjarCore
internal import NightjarFiles
internal import NightjarRunner

/// What an inbox does, one thing after another, in a task of its own.
final class InboxWork {
    /// A manifest in the inbox that has not been taken yet.
    struct Candidate {
        var stamp: FileStamp
        /// Since when it has been the same.
        var stableSince: Duration
        /// It was renamed in.
        var isWhole: Bool
        /// Since when it could have been taken, but for what is wrong with it.
        var failingSince: Duration?
        /// All that is wrong is that other files are not there yet.
        var lacksFiles = false
        var nextLook: Duration
    }

    let settings: InboxSettings
    let timing: Inbox.Timing
    let store: any DropStore
    let host: any DropHost
    let logger: Logger
    let time: Timekeeper
    let watch: Inbox.Watch
    let mailbox: InboxMailbox

    /// `nil` while the inbox is not there, or another process watches it.
    var folders: InboxFolders?
    var events: FolderEvents?
    var candidates: [FileName: Candidate] = [:]
    /// When the first of them is due.
    var nextLook: Duration = .zero
    /// Those that lack files are not read anew before, however often something happens.
    var nextRetry: Duration = .zero
    /// What was put back because it had changed, which is no new file.
    var putBack: [FileName: FileStamp] = [:]
    /// In `.accepted`, and could not be taken into the state.
    var unsettled: Set<FileName> = []
    /// Have ended, and their results could not be written.
    var unfinished: Set<BatchID> = []
    /// Of drops that have not ended; nobody else gets one of these in `done`.
    var decidedNames: Set<String> = []
    private var nextRescan: Duration = .zero
    private var hasCarriedOn = false
    /// What was said last, by what it is about: it is said once.
    private var troubles: [String: String] = [:]
    private static let mostTroubles = 1000

    init(
        settings: InboxSettings, timing: Inbox.Timing, store: any DropStore, host: any DropHost, logger: Logger,
        time: Timekeeper, watch: @escaping Inbox.Watch, mailbox: InboxMailbox
    ) {
        self.settings = settings
        self.timing = timing
        self.store = store
        self.host = host
        self.logger = logger
        self.time = time
        self.watch = watch
        self.mailbox = mailbox
    }

    var isStopping: Bool { mailbox.isStopping || Task.isCancelled }

    func run() async {
        await withDiscardingTaskGroup { group in
            while !isStopping {
                let mark = mailbox.signal.mark
                let mail = mailbox.take()
                if mail.isLost || time.now() >= nextRescan {
                    if await rescan() { listen(in: &group) }
                    nextRescan = time.now() + timing.rescan
                }
                if folders != nil {
                    take(mail)
                    await lookAtCandidates()
                    for name in mail.submitted.sorted() where !isStopping { await takeSubmitted(name) }
                }
                for batch in mail.ended { await end(batch) }
                let next = folders == nil ? nextRescan : min(nextRescan, nextLook)
                await mailbox.signal.wait(since: mark, until: next, on: time)
            }
            // Whoever listens ends with it.
            events = nil
        }
        // Whoever comes next may lock the inbox.
        folders = nil
    }

    // MARK: Looking at everything

    /// - Returns: Whether the folders are watched now and were not before.
    private func rescan() async -> Bool {
        var isNew = false
        if let folders, !folders.areInPlace {
            self.folders = nil
            events = nil
        }
        if folders == nil {
            guard await open() else { return false }
            isNew = events != nil
        } else if events == nil {
            listenAnew()
            isNew = events != nil
        }
        for name in unsettled.sorted() where !isStopping {
            await takeAccepted(name)
            // What holds one up that is not its own fault holds up all.
            if unsettled.contains(name) { break }
        }
        for batch in unfinished { await end(batch) }
        await scan()
        return isNew
    }

    private func open() async -> Bool {
        do throws(InboxFolders.Problem) {
            guard let path = Folder.realPath(of: settings.path) else {
                throw .unusable(SystemError(code: ENOENT).words)
            }
            let folders = try InboxFolders(at: path, ownership: ownership())
            self.folders = folders
            if let problem = folders.ownershipProblem { sayOwnership(problem) }
        } catch {
            switch error {
            case .unusable(let words):
                say("folder", "the inbox cannot be used: \(words); it is looked for from time to time")
            case .watched(let process):
                let other = process.map { "process \($0)" } ?? "its id is not known"
                say(
                    "folder",
                    "the inbox `\(settings.path)` is watched by another process (\(other)); nothing is taken from it "
                        + "while that runs", level: .error)
            }
            return false
        }
        over("folder", "the inbox can be used again")
        // Before anything is looked at: what comes in between is heard.
        listenAnew()
        guard await recover() else {
            folders = nil
            events = nil
            return false
        }
        return true
    }

    func ownership() -> FileOwnership {
        var ownership = FileOwnership(mode: settings.mode)
        if let group = settings.group {
            ownership.group = FileOwnership.group(named: group)
            if ownership.group == nil { say("group", "there is no group `\(group)`; files keep the process's own") }
        }
        return ownership
    }

    private func listenAnew() {
        guard let folders else { return }
        do {
            events = try watch([folders.root, folders.submitted])
            over("watch", "changes in the inbox are heard again")
        } catch {
            say(
                "watch",
                "changes in the inbox are not heard (\(error.words)); it is looked at every \(timing.rescan.spoken)")
        }
    }

    private func listen(in group: inout DiscardingTaskGroup) {
        guard let stream = events?.events else { return }
        group.addTask(executorPreference: globalConcurrentExecutor) { [mailbox] in
            for await event in stream { mailbox.put(event) }
        }
    }

    /// Puts in order what an earlier process left.
    /// - Returns: Whether that could be done.
    private func recover() async -> Bool {
        guard let folders else { return false }
        do {
            let open = try await store.openDrops().filter { $0.inbox == folders.root.path }
            decidedNames = Set(open.compactMap(\.endsAs))
            let known = Set(open.map { FileName($0.accepted) })
            let left = try folders.accepted.names().filter { !known.contains($0) && !$0.isHidden }
            for name in sorted(left, in: folders.accepted) where !isStopping { await takeAccepted(name) }
            if !hasCarriedOn, !open.isEmpty {
                await host.carryOn(Set(open.flatMap(\.batches)).sorted { $0.rawValue < $1.rawValue })
            }
            hasCarriedOn = true
            for drop in open { await finishIfEnded(drop) }
            over("recovery", "the inbox is in order again")
            return true
        } catch {
            say("recovery", "what was taken earlier cannot be found: \(words(error))")
            return false
        }
    }

    /// In the order of their time, then of their names.
    private func sorted(_ names: [FileName], in folder: Folder) -> [FileName] {
        names.map { ($0, (try? folder.stamp(of: $0))?.modified ?? 0) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    private func scan() async {
        guard let folders else { return }
        do {
            for name in try folders.root.names() where candidates[name] == nil {
                guard InboxName.isManifest(name) else {
                    warnIfMiscalled(name)
                    continue
                }
                if let stamp = try folders.root.stamp(of: name) { add(name, stamp, isFound: true) }
            }
            let names = try folders.submitted.names()
            let submitted = names.filter { !$0.isHidden }
            for name in names where name.isHidden { try removeIfForsaken(name, in: folders.submitted) }
            for name in sorted(submitted, in: folders.submitted) where !isStopping { await takeSubmitted(name) }
            over("scan", "the inbox can be read again")
        } catch {
            say("scan", "the inbox cannot be read: \(words(error))")
        }
    }

    /// A `submit` that was killed leaves a folder half filled.
    private func removeIfForsaken(_ name: FileName, in submitted: Folder) throws(SystemError) {
        guard let stamp = try submitted.stamp(of: name), stamp.kind == .folder else { return }
        if time.wall().milliseconds - stamp.modified / 1_000_000 > 24 * 3_600_000 { try submitted.removeTree(name) }
    }

    // MARK: Saying

    /// Says what is wrong, once until it changes or ends.
    func say(_ about: String, _ words: String, manifest: String? = nil, level: Logger.Level = .warning) {
        guard troubles[about] != words else { return }
        if troubles.count >= Self.mostTroubles { troubles = [:] }
        troubles[about] = words
        logger.log(level: level, "\(words)", metadata: manifest.map { ["manifest": "\($0)"] })
    }

    func over(_ about: String, _ words: String) {
        if troubles.removeValue(forKey: about) != nil { logger.notice("\(words)") }
    }

    func sayOwnership(_ problem: SystemError) {
        say("ownership", "files in the inbox cannot be given the group and mode of the configuration: \(problem.words)")
    }

    func words(_ error: any Error) -> String {
        switch error {
        case let error as SystemError: error.words
        case let failure as StoreFailure: failure.words
        case OutputFailure.unwritable(let words): words
        default: "\(error)"
        }
    }
}

extension FileName {
    var isHidden: Bool { bytes.first == UInt8(ascii: ".") }
}
