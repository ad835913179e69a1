internal import NightjarCore
internal import NightjarFiles
internal import NightjarRunner
internal import Synchronization

/// What the inbox has been told since it last looked.
struct InboxMail {
    /// Manifests and other files that were renamed into the inbox.
    var movedIn: Set<FileName> = []
    /// Those that were made or written there.
    var changed: Set<FileName> = []
    /// Folders that have come into `.submitted`.
    var submitted: Set<FileName> = []
    /// Events are missing: all folders are to be looked at.
    var isLost = false
    var ended: Set<BatchID> = []
}

/// Where the inbox is told of what happens; filled from any thread.
final class InboxMailbox: Sendable {
    private let mail = Mutex(InboxMail())
    private let stopping = Atomic(false)
    let signal = Signal()

    /// Beyond these, a look at the folder tells as much.
    private static let mostNames = 50_000

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        signal.notify()
    }

    func put(_ event: FolderEvent) {
        mail.withLock { mail in
            switch event {
            case .movedIn(let name, folder: 0): mail.movedIn.insert(name)
            case .changed(let name, folder: 0): mail.changed.insert(name)
            case .movedIn(let name, _): mail.submitted.insert(name)
            // A folder that is still being filled.
            case .changed: return
            case .lost: mail.isLost = true
            }
            if mail.movedIn.count + mail.changed.count + mail.submitted.count > Self.mostNames {
                mail.movedIn = []
                mail.changed = []
                mail.submitted = []
                mail.isLost = true
            }
        }
        signal.notify()
    }

    func put(ended batch: BatchID) {
        mail.withLock { _ = $0.ended.insert(batch) }
        signal.notify()
    }

    func take() -> InboxMail {
        mail.withLock { mail in
            defer { mail = InboxMail() }
            return mail
        }
    }
}
