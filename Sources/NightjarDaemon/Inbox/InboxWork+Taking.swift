internal import Crypto
internal import Logging
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest

/// Manifests on their way into the state.
extension InboxWork {
    /// A manifest in `.accepted`.
    struct Accepted {
        /// In `.accepted`: the manifest, or what was submitted with it.
        var entry: FileName
        /// Where the manifest lies.
        var folder: Folder
        /// `nil` where only the rest of what was submitted is left.
        var manifest: FileName?
        var isFolder: Bool
        var stem: String
        var ending: String

        var name: String { stem + ending }
    }

    enum Claim {
        case claimed(Accepted)
        /// It was not what had been read, and is back where it was.
        case changed
        case failed
    }

    // MARK: Claiming

    /// Moves a manifest that has been read into `.accepted`.
    func claim(
        _ name: FileName, _ stamp: FileStamp, stem: String, ending: String, in folders: InboxFolders
    ) -> Claim {
        do throws(SystemError) {
            let entry = try move(name, of: folders.root, to: folders.accepted) { number in
                InboxName.numbered(stem, number, room: ending.utf8.count) + ending
            }
            guard let entry else { return .changed }
            if try folders.accepted.stamp(of: entry) != stamp {
                try putBack(entry, as: name, in: folders.root, folders)
                return .changed
            }
            try folders.accepted.sync()
            over("write", "manifests can be moved out of the inbox again")
            Failpoint.dropClaimed.reach()
            return .claimed(
                Accepted(
                    entry: entry, folder: folders.accepted, manifest: entry, isFolder: false, stem: stem, ending: ending
                ))
        } catch {
            say("write", "manifests cannot be moved out of the inbox: \(error.words)")
            return .failed
        }
    }

    /// Moves something under the first name that is free.
    /// - Returns: `nil` where it is gone.
    private func move(
        _ name: FileName, of folder: Folder, to target: Folder, naming: (Int) -> String
    ) throws(SystemError) -> FileName? {
        var number = 1
        while true {
            let newName = FileName(naming(number))
            do {
                if try folder.move(name, to: newName, in: target) { return newName }
            } catch {
                if try folder.stamp(of: name) == nil { return nil }
                throw error
            }
            number += 1
        }
    }

    private func putBack(
        _ entry: FileName, as name: FileName, in folder: Folder, _ folders: InboxFolders
    ) throws(SystemError) {
        let stamp = try folders.accepted.stamp(of: entry)
        guard try folders.accepted.move(entry, to: name, in: folder) else {
            // Another has come in its place meanwhile. This one has been taken, then, as it is.
            unsettled.insert(entry)
            return
        }
        guard let stamp, stamp.kind != .folder else { return }
        putBack[name] = stamp
        add(name, stamp)
    }

    // MARK: What was submitted

    /// Takes a folder that `submit` has put into `.submitted`: one manifest, and the files that it refers to.
    func takeSubmitted(_ name: FileName) async {
        guard let folders, let text = name.text, !name.isHidden,
            (try? folders.submitted.stamp(of: name))?.kind == .folder
        else { return }
        do throws(SystemError) {
            let folder = try folders.submitted.folder(name)
            guard let manifest = try manifest(in: folder), let file = manifest.text,
                let stamp = try folder.stamp(of: manifest)
            else {
                return say("submitted \(text)", "`.submitted/\(text)` does not hold one manifest; it stays where it is")
            }
            let reading = read(manifest, in: folder, listsIn: folder, named: file)
            switch reading {
            case .batches(_, stamp), .invalid: break
            case .batches, .changing, .gone, .unreadable:
                return say(
                    "submitted \(text)", "the manifest in `.submitted/\(text)` cannot be read; it is tried again")
            case .later(let words):
                return say("later", "a manifest could not be read: \(words); it is tried again", manifest: file)
            }
            Failpoint.dropParsed.reach()
            let entry = try move(name, of: folders.submitted, to: folders.accepted) { number in
                InboxName.numbered(text, number, room: 0)
            }
            guard let entry, let accepted = try accepted(entry) else { return }
            guard let manifest = accepted.manifest, try accepted.folder.stamp(of: manifest) == stamp else {
                unsettled.insert(entry)
                return
            }
            try folders.accepted.sync()
            Failpoint.dropClaimed.reach()
            switch reading {
            case .batches(let batches, _): await settle(accepted, batches)
            case .invalid(let error): turnAway(accepted, error)
            case .changing, .gone, .unreadable, .later: break
            }
        } catch {
            say("submitted", "what was submitted cannot be taken: \(error.words); it is tried again")
        }
    }

    /// The one manifest of a folder.
    private func manifest(in folder: Folder) throws(SystemError) -> FileName? {
        var found: [FileName] = []
        for name in try folder.names() where InboxName.isManifest(name) {
            if try folder.stamp(of: name)?.kind == .file { found.append(name) }
        }
        return found.count == 1 ? found[0] : nil
    }

    // MARK: In `.accepted`

    /// - Returns: `nil` where there is no such entry.
    func accepted(_ entry: FileName) throws(SystemError) -> Accepted? {
        guard let folders, let stamp = try folders.accepted.stamp(of: entry) else { return nil }
        guard stamp.kind == .folder else {
            let (stem, ending) = InboxName.split(entry.printable)
            return Accepted(
                entry: entry, folder: folders.accepted, manifest: entry, isFolder: false, stem: stem, ending: ending)
        }
        let folder = try folders.accepted.folder(entry)
        let manifest = try manifest(in: folder)
        let (stem, ending) = InboxName.split(manifest?.printable ?? entry.printable)
        return Accepted(entry: entry, folder: folder, manifest: manifest, isFolder: true, stem: stem, ending: ending)
    }

    /// Takes into the state what lies in `.accepted` and is not known there.
    func takeAccepted(_ entry: FileName) async {
        unsettled.remove(entry)
        do throws(SystemError) {
            guard let folders, let accepted = try accepted(entry) else { return }
            guard let manifest = accepted.manifest else {
                // Its manifest has gone to its end.
                return try folders.accepted.removeTree(entry)
            }
            let lists = accepted.isFolder ? accepted.folder : folders.root
            switch read(manifest, in: accepted.folder, listsIn: lists, named: accepted.name) {
            case .batches(let batches, _): await settle(accepted, batches)
            case .invalid(let error): turnAway(accepted, error)
            case .gone: break
            case .changing: unsettled.insert(entry)
            case .unreadable(let problem): turnAway(accepted, .unreadable(accepted.name, problem))
            case .later(let words):
                unsettled.insert(entry)
                say("later", "a manifest could not be read: \(words); it is tried again", manifest: accepted.name)
            }
        } catch {
            unsettled.insert(entry)
            say("accepted", "what has been accepted cannot be read: \(error.words); it is tried again")
        }
    }

    /// Takes a claimed manifest's batches into the state, and notes that they came with it.
    func settle(_ accepted: Accepted, _ batches: [ManifestBatch]) async {
        guard let folders else { return }
        do {
            var known: [KnownBatch?] = []
            for batch in batches { known.append(try await store.knownBatch(named: batch.settings.name)) }
            if let error = foreign(batches, known, accepted.name) { return turnAway(accepted, error) }
            let digest = Self.digest(of: batches)
            var drop = Drop(
                inbox: folders.root.path, accepted: accepted.entry.printable, stem: accepted.stem,
                batches: known.compactMap { $0?.id }, digest: digest, takenAt: time.wall())
            let isKnown = zip(batches, known).allSatisfy { $0.digest == $1?.digest }
            if isKnown, let first = drop.batches.first,
                let original = try await store.original(ofBatch: first, digest: digest)
            {
                drop.duplicateOf = original.endsAs ?? original.stem
            } else {
                for warning in batches.flatMap(\.warnings) {
                    logger.warning(
                        "the manifest is odd", metadata: ["manifest": "\(accepted.name)", "what": "\(warning.message)"])
                }
                var inbox = settings
                inbox.path = folders.root.path
                drop.batches = try await host.takeIn(batches, named: accepted.name, from: inbox)
                Failpoint.dropTakenIn.reach()
            }
            let noted = try await store.note(drop)
            Failpoint.dropNoted.reach()
            over("state", "manifests can be taken into the state again")
            logger.info(
                drop.duplicateOf == nil ? "manifest taken" : "manifest brings nothing new",
                metadata: [
                    "manifest": "\(accepted.name)",
                    "batches": "\(batches.map(\.settings.name).joined(separator: ", "))",
                ])
            await finishIfEnded(noted)
        } catch DropRefusal.invalid(let error) {
            turnAway(accepted, error)
        } catch DropRefusal.conflicts(let found) {
            let lists = accepted.isFolder ? accepted.folder : folders.root
            turnAway(
                accepted,
                ManifestError(
                    found, file: accepted.name, at: "\(accepted.folder.ownPath)/\(accepted.manifest?.printable ?? "")",
                    folder: ManifestFolder(path: lists.ownPath, isConfined: true, shown: ".")))
        } catch {
            unsettled.insert(accepted.entry)
            var reason = words(error)
            if case DropRefusal.later(let words) = error { reason = words }
            say(
                "state", "a manifest cannot be taken into the state: \(reason); it is tried again",
                manifest: accepted.name)
        }
    }

    /// A batch belongs to where it first came from.
    private func foreign(_ batches: [ManifestBatch], _ known: [KnownBatch?], _ file: String) -> ManifestError? {
        var diagnostics: [Diagnostic] = []
        for (batch, known) in zip(batches, known) {
            guard let known, known.origin?.inbox != folders?.root.path else { continue }
            let name = batch.settings.name
            let owner = known.origin.map { "the inbox `\($0.inbox)`" } ?? "`nightjar run`"
            let place = known.origin == nil ? "go on with `nightjar run`" : "drop it there"
            diagnostics.append(
                Diagnostic(
                    file: file, line: 0, column: 0, code: "owner",
                    message: "the batch `\(name)` belongs to \(owner), where it first came from",
                    hint: "give the batch another `name`, or \(place)"))
        }
        return diagnostics.isEmpty ? nil : ManifestError(kind: .invalid, file: file, diagnostics: diagnostics)
    }

    private static func digest(of batches: [ManifestBatch]) -> String {
        var hash = SHA256()
        for batch in batches { hash.update(data: Array("\(batch.digest)\n".utf8)) }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
