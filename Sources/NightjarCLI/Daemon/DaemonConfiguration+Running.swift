internal import NightjarCore
internal import NightjarDaemon
internal import NightjarFiles
internal import NightjarManifest
internal import NightjarRunner

/// What the running daemon asks its configuration, which may be another one from one moment to the next.
extension DaemonConfiguration {
    /// With what holds for inboxes.
    var runSettings: RunSettings {
        var settings = run.run
        settings.isService = true
        for inbox in inboxes { settings.inboxLimits[inbox.path] = inbox.limits }
        return settings
    }

    var inboxTiming: Inbox.Timing { Inbox.Timing(settle: settleInbox, rescan: rescan) }

    private func inbox(of settings: BatchSettings) -> InboxSettings? {
        settings.origin.flatMap { origin in inboxes.first { $0.path == origin.inbox } }
    }

    /// Of what is written for a batch. One of an inbox that is not named any more has none.
    func ownership(of batch: BatchSummary) -> FileOwnership { ownership(of: batch.settings) }

    private func ownership(of settings: BatchSettings) -> FileOwnership {
        guard let inbox = inbox(of: settings) else { return .inherited }
        return FileOwnership(group: inbox.group.flatMap { FileOwnership.group(named: $0) }, mode: inbox.mode)
    }

    /// Says where the files of a batch go.
    func assign(_ settings: BatchSettings, in tree: OutputFolders) {
        guard let origin = settings.origin else { return }
        tree.assign(settings.name, to: origin.output, ownership: ownership(of: settings))
    }

    /// Whether a batch that is dropped may be taken in.
    func check(_ settings: BatchSettings, isKnown: Bool, file: String) throws(DropRefusal) {
        guard !isKnown, let origin = settings.origin else { return }
        var run = run
        run.output = origin.output
        do {
            try Composition.refuseImagesOfAnotherState([settings.name], known: [], run, costs: true)
        } catch {
            let words = error.messages.map { message in
                switch message {
                case .plain(let words): words
                case .diagnostics(let error): error.diagnostics.map(\.message).joined(separator: "; ")
                }
            }
            throw .invalid(
                ManifestError(
                    kind: .invalid, file: file,
                    diagnostics: [
                        Diagnostic(
                            file: file, line: 0, column: 0, code: "images-of-another-state",
                            message: words.joined(separator: "; "))
                    ]))
        }
    }
}
