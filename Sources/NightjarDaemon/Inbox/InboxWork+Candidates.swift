internal import Glibc
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest

/// Manifests in the inbox, until they are taken or turned away.
extension InboxWork {
    /// - Parameter isFound: By a look at the folder: what has been old for long has been the same for long.
    func add(_ name: FileName, _ stamp: FileStamp, isFound: Bool = false, isWhole: Bool = false) {
        let now = time.now()
        var age = Duration.zero
        if isFound { age = .milliseconds(time.wall().milliseconds - stamp.modified / 1_000_000) }
        let stableSince = now - min(max(age, .zero), timing.settle)
        let candidate = Candidate(
            stamp: stamp, stableSince: stableSince, isWhole: isWhole,
            nextLook: isWhole ? now : stableSince + timing.settle)
        candidates[name] = candidate
        nextLook = min(nextLook, candidate.nextLook)
    }

    /// Notes what has been heard.
    func take(_ mail: InboxMail) {
        guard let folders else { return }
        var hasOtherFiles = false
        for name in mail.changed.subtracting(mail.movedIn) {
            guard InboxName.isManifest(name) else {
                hasOtherFiles = true
                warnIfMiscalled(name)
                continue
            }
            guard let stamp = try? folders.root.stamp(of: name), candidates[name]?.stamp != stamp else { continue }
            add(name, stamp)
        }
        for name in mail.movedIn {
            guard InboxName.isManifest(name) else {
                hasOtherFiles = true
                warnIfMiscalled(name)
                continue
            }
            guard let stamp = try? folders.root.stamp(of: name) else { continue }
            let isOld = putBack.removeValue(forKey: name)?.isSameFile(as: stamp) == true
            add(name, stamp, isWhole: !isOld)
        }
        if hasOtherFiles { retryThoseThatLackFiles() }
    }

    /// Whoever dropped it waits for what will not come.
    func warnIfMiscalled(_ name: FileName) {
        guard InboxName.isMiscalled(name) else { return }
        say(
            "ending \(name.printable)",
            "a file is left alone: names of manifests end in `.yaml` or `.yml`, in lower case; rename it if it is one",
            manifest: name.printable)
    }

    private func retryThoseThatLackFiles() {
        let next = max(time.now(), nextRetry)
        for (name, candidate) in candidates where candidate.lacksFiles && candidate.nextLook > next {
            candidates[name]?.nextLook = next
            nextLook = min(nextLook, next)
        }
    }

    func lookAtCandidates() async {
        guard let folders, time.now() >= nextLook else { return }
        let begin = time.now()
        let due = candidates.filter { $0.value.nextLook <= begin }
        if !due.isEmpty, !folders.takeNames {
            say("write", "manifests cannot be moved out of the inbox: the process may not write there")
            for name in due.keys { candidates[name]?.nextLook = begin + timing.rescan }
        } else {
            let order = due.sorted { ($0.value.stamp.modified, $0.key) < ($1.value.stamp.modified, $1.key) }
            for (name, _) in order where !isStopping { await look(at: name) }
            if due.contains(where: { $0.value.lacksFiles }) {
                // A tenth of the time is enough for what may be in vain.
                nextRetry = time.now() + (time.now() - begin) * 10
            }
        }
        nextLook = candidates.values.map(\.nextLook).min() ?? time.now() + timing.rescan
    }

    /// Takes a manifest, turns it away, or decides when it is looked at again.
    private func look(at name: FileName) async {
        guard let folders, var candidate = candidates.removeValue(forKey: name),
            let stamp = try? folders.root.stamp(of: name)
        else { return }
        let now = time.now()
        if stamp != candidate.stamp { return add(name, stamp) }
        if !candidate.isWhole, candidate.stableSince + timing.settle > now {
            candidate.nextLook = candidate.stableSince + timing.settle
            candidates[name] = candidate
            return
        }
        if stamp.kind == .folder {
            return say(
                "folder \(name.printable)", "a folder is no manifest; it stays where it is", manifest: name.printable)
        }
        if let later = await take(name, stamp, &candidate, folders) {
            candidate.nextLook = later
            candidates[name] = candidate
        }
    }

    /// Takes what is ready to be taken, or turns it away.
    /// - Returns: When it is to be looked at again as it is; `nil` where it is gone from here, or has changed.
    private func take(
        _ name: FileName, _ stamp: FileStamp, _ candidate: inout Candidate, _ folders: InboxFolders
    ) async -> Duration? {
        let now = time.now()
        let retry = now + timing.rescan
        func fail(_ error: ManifestError) -> Duration? {
            turnAway(name, stamp, in: folders.root, as: name.printable, error) ? nil : retry
        }
        guard let text = name.text, stamp.kind == .file else { return fail(Self.unusable(name, stamp.kind)) }
        switch read(name, in: folders.root, listsIn: folders.root, named: text) {
        case .batches(let batches, stamp):
            Failpoint.dropParsed.reach()
            let (stem, ending) = InboxName.split(text)
            switch claim(name, stamp, stem: stem, ending: ending, in: folders) {
            case .claimed(let accepted): await settle(accepted, batches)
            case .changed: break
            case .failed: return retry
            }
        case .batches, .changing: add(name, stamp)
        case .gone: break
        case .invalid(let error):
            candidate.lacksFiles = error.lacksOnlyFiles
            let since = candidate.failingSince ?? now
            candidate.failingSince = since
            let mayBecomeRight = error.lacksOnlyFiles || !candidate.isWhole
            return mayBecomeRight && now < since + timing.rescan ? since + timing.rescan : fail(error)
        case .unreadable(let problem):
            say("read \(text)", "a manifest cannot be read: \(problem.words)", manifest: text)
            let since = candidate.failingSince ?? now
            candidate.failingSince = since
            return now < since + timing.rescan ? since + timing.rescan : fail(.unreadable(text, problem))
        case .later(let words):
            say("later", "a manifest could not be read: \(words); it is tried again", manifest: text)
            return retry
        }
        return nil
    }

    // MARK: Reading

    enum Reading {
        case batches([ManifestBatch], FileStamp)
        case invalid(ManifestError)
        case gone
        /// It was written while it was read.
        case changing
        case unreadable(SystemError)
        /// There is no room for temporary files, say.
        case later(String)
    }

    /// Reads and checks a manifest, which is a regular file.
    /// - Parameters:
    ///   - lists: The folder of the files that it names, out of which none may lead.
    ///   - file: As messages name it.
    func read(_ name: FileName, in folder: Folder, listsIn lists: Folder, named file: String) -> Reading {
        do throws(SystemError) {
            let open = try folder.open(name)
            let before = try open.stamp()
            guard before.kind == .file else { return .changing }
            let manifest = ManifestFile(
                named: file, at: open.path, folder: ManifestFolder(path: lists.ownPath, isConfined: true, shown: "."))
            let loaded = Result { () throws(ManifestError) in try manifest.load() }
            guard try open.stamp() == before else { return .changing }
            switch loaded {
            case .success(let batches): return .batches(batches, before)
            case .failure(let error) where error.kind == .unwritable:
                return .later(error.diagnostics.map(\.message).joined(separator: "; "))
            case .failure(let error): return .invalid(error)
            }
        } catch {
            switch error.code {
            case ENOENT: return .gone
            // It has become a link, or so.
            case ELOOP, ENXIO: return .changing
            case EMFILE, ENFILE, ENOMEM: return .later(error.words)
            default: return .unreadable(error)
            }
        }
    }

    private static func unusable(_ name: FileName, _ kind: FileStamp.Kind) -> ManifestError {
        if name.text == nil {
            return ManifestError(
                kind: .unreadable, file: name.printable, code: "name",
                "the file's name is not UTF-8; the odd bytes are shown as `%NN`",
                hint: "rename it, and move it back into the inbox")
        }
        let what = kind == .link ? "a symbolic link, which is not followed" : "not a regular file"
        return ManifestError(
            kind: .unreadable, file: name.printable, code: "unreadable", "the manifest is \(what)",
            hint: "move the file itself into the inbox")
    }
}

extension ManifestError {
    static func unreadable(_ file: String, _ problem: SystemError) -> ManifestError {
        ManifestError(
            kind: .unreadable, file: file, code: "unreadable", "the manifest cannot be read: \(problem.words)",
            hint: "give the daemon the right to read it, and move it back into the inbox")
    }

    /// One that is about the whole file.
    init(kind: Kind, file: String, code: String, _ message: String, hint: String) {
        self.init(
            kind: kind, file: file,
            diagnostics: [Diagnostic(file: file, line: 0, column: 0, code: code, message: message, hint: hint)])
    }
}
