internal import Logging
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest

/// Manifests at their end, in `done` or `failed`.
extension InboxWork {
    private static let temporary = ".nightjar.part"

    // MARK: Done

    /// Puts the results in place of all drops that have ended.
    func finish() async {
        do throws(InboxFolders.Problem) {
            guard let path = Folder.realPath(of: settings.path) else { return }
            folders = try InboxFolders(at: path, ownership: ownership())
        } catch {
            // That another process watches it has been said.
            if case .unusable(let words) = error { say("folder", "the inbox cannot be used: \(words)") }
            return
        }
        defer { folders = nil }
        do {
            let open = try await store.openDrops().filter { $0.inbox == folders?.root.path }
            decidedNames = Set(open.compactMap(\.endsAs))
            for drop in open { await finishIfEnded(drop) }
        } catch {
            say("finish", "results could not be written: \(words(error)); the next start writes them")
        }
    }

    /// A batch has ended: so have, perhaps, drops that brought it.
    func end(_ batch: BatchID) async {
        guard let folders else {
            unfinished.insert(batch)
            return
        }
        unfinished.remove(batch)
        do {
            let drops = try await store.drops(ofBatch: batch).filter { $0.inbox == folders.root.path }
            for drop in drops where drop.endedAt == nil { await finishIfEnded(drop) }
            // The last that brought something, and those that brought it again: earlier ones tell of their own time.
            let last = drops.lastIndex { $0.duplicateOf == nil } ?? 0
            for drop in drops.dropFirst(last) where drop.endedAt != nil { try await rewriteResult(of: drop, folders) }
        } catch {
            unfinished.insert(batch)
            say("finish", "results cannot be written: \(words(error)); it is tried again")
        }
    }

    func finishIfEnded(_ drop: Drop) async {
        guard let folders else { return }
        do {
            guard let result = try await host.result(of: drop.batches) else { return }
            try await finish(drop, result, folders)
            over("finish", "results can be written again")
        } catch {
            unfinished.formUnion(drop.batches)
            say("finish", "results cannot be written: \(words(error)); it is tried again")
        }
    }

    private func finish(_ drop: Drop, _ result: RunResult, _ folders: InboxFolders) async throws {
        var drop = drop
        let accepted = try accepted(FileName(drop.accepted))
        let ending = accepted?.ending ?? InboxName.endings[0]
        while true {
            let name: String
            if let decided = drop.endsAs {
                name = decided
            } else {
                name = try freeName(for: drop.stem, in: folders.done)
                // Before anything lies there, so that after a crash it is known for ours.
                try await store.decideEnd(ofDrop: drop.id, as: name)
                drop.endsAs = name
            }
            decidedNames.insert(name)
            try await write(result, of: drop, as: name, folders)
            Failpoint.resultWritten.reach()
            if let accepted, let manifest = accepted.manifest {
                let target = FileName(name + ending)
                if try !accepted.folder.move(manifest, to: target, in: folders.done) {
                    let there = try folders.done.stamp(of: target)
                    if let here = try accepted.folder.stamp(of: manifest), there?.isSameFile(as: here) == true {
                        // Where renaming takes two steps, the first had been done.
                        try accepted.folder.remove(manifest)
                    } else {
                        // Somebody has put another file there meanwhile.
                        try folders.done.remove(FileName(name + InboxName.result))
                        decidedNames.remove(name)
                        drop.endsAs = nil
                        continue
                    }
                }
            } else if try !InboxName.endings.contains(where: { try folders.done.stamp(of: FileName(name + $0)) != nil })
            {
                logger.warning("an accepted manifest is gone", metadata: ["manifest": "\(drop.accepted)"])
            }
            if let accepted, accepted.isFolder { try folders.accepted.removeTree(accepted.entry) }
            try folders.done.sync()
            Failpoint.dropMoved.reach()
            try await store.endDrop(drop.id, at: time.wall())
            decidedNames.remove(name)
            logger.info("manifest done", metadata: ["manifest": "\(name)", "exit": "\(result.exit.rawValue)"])
            return
        }
    }

    private func freeName(for stem: String, in done: Folder) throws -> String {
        var number = 1
        while true {
            let name = InboxName.numbered(stem, number, room: InboxName.result.utf8.count)
            let isTaken =
                try decidedNames.contains(name)
                || (InboxName.endings + [InboxName.result]).contains { try done.stamp(of: FileName(name + $0)) != nil }
            if !isTaken { return name }
            number += 1
        }
    }

    private func write(_ result: RunResult, of drop: Drop, as name: String, _ folders: InboxFolders) async throws {
        var first: String?
        if let noted = drop.duplicateOf, let batch = drop.batches.first {
            first = try await store.original(ofBatch: batch, digest: drop.digest)?.endsAs ?? noted
        }
        let problem = try folders.done.write(
            result.json(duplicateOf: first, now: time.wall()).text + "\n", to: name + InboxName.result,
            temporary: Self.temporary, ownership: folders.ownership)
        if let problem { sayOwnership(problem) }
    }

    /// A person has had jobs tried again after the end.
    private func rewriteResult(of drop: Drop, _ folders: InboxFolders) async throws {
        guard let name = drop.endsAs, try folders.done.stamp(of: FileName(name + InboxName.result)) != nil,
            let result = try await host.result(of: drop.batches)
        else { return }
        try await write(result, of: drop, as: name, folders)
        try folders.done.sync()
    }

    // MARK: Failed

    func turnAway(_ accepted: Accepted, _ error: ManifestError) {
        guard let folders, let manifest = accepted.manifest,
            let stamp = try? accepted.folder.stamp(of: manifest),
            turnAway(manifest, stamp, in: accepted.folder, as: accepted.name, error)
        else {
            unsettled.insert(accepted.entry)
            return
        }
        guard accepted.isFolder else { return }
        do {
            try folders.accepted.removeTree(accepted.entry)
        } catch {
            say("accepted", "what is left of a submitted manifest cannot be deleted: \(error.words)")
        }
    }

    /// Moves a manifest into `failed`, and says there why.
    /// - Returns: Whether it has been moved.
    func turnAway(
        _ manifest: FileName, _ stamp: FileStamp, in folder: Folder, as name: String, _ error: ManifestError
    ) -> Bool {
        guard let folders else { return false }
        let (stem, ending) = InboxName.split(name)
        let text = DiagnosticRenderer.text(error, colour: false)
        do {
            var number = 1
            while true {
                let name = InboxName.numbered(stem, number, room: InboxName.error.utf8.count)
                number += 1
                // A reason that has no manifest beside it is an old one, of a manifest that was mended.
                if try InboxName.endings.contains(where: { try folders.failed.stamp(of: FileName(name + $0)) != nil }) {
                    continue
                }
                let problem = try folders.failed.write(
                    text, to: name + InboxName.error, temporary: Self.temporary, ownership: folders.ownership)
                if let problem { sayOwnership(problem) }
                let target = FileName(name + ending)
                guard try folder.move(manifest, to: target, in: folders.failed) else {
                    // Another has come under this name meanwhile.
                    try folders.failed.remove(FileName(name + InboxName.error))
                    continue
                }
                if let moved = try folders.failed.stamp(of: target), moved != stamp {
                    // It was mended at this very moment.
                    putBack[manifest] = moved
                    if try folders.failed.move(target, to: manifest, in: folder) {
                        try folders.failed.remove(FileName(name + InboxName.error))
                        return false
                    }
                }
                try folders.failed.sync()
                let first = error.diagnostics.first?.message ?? ""
                logger.error("manifest turned away", metadata: ["manifest": "\(name)\(ending)", "why": "\(first)"])
                over("failed", "manifests can be turned away again")
                return true
            }
        } catch {
            say("failed", "a manifest cannot be turned away: \(words(error)); it is tried again", manifest: name)
            return false
        }
    }
}
