internal import NightjarFiles

/// The folders of an inbox, open, and nobody else's while they are.
struct InboxFolders {
    /// Why an inbox is not looked after.
    enum Problem: Error {
        case unusable(String)
        /// By another process; its id, where that could be read.
        case watched(by: Int32?)
    }

    static let accepted = ".accepted"
    static let submitted = ".submitted"
    /// In `.accepted`; hidden, so that it is no manifest.
    private static let lock = ".lock"

    let root: Folder
    let accepted: Folder
    let submitted: Folder
    let done: Folder
    let failed: Folder
    /// Two states that take from one folder would both pay for what lies in `.accepted`.
    private let lock: FileLock
    let ownership: FileOwnership
    /// Why what was made could not be given to whom it should.
    let ownershipProblem: SystemError?

    /// Opens the inbox, which must be there, and makes what is missing in it.
    init(at path: String, ownership: FileOwnership) throws(Problem) {
        do {
            try self.init(locking: path, ownership: ownership)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw .unusable((error as? SystemError)?.words ?? "\(error)")
        }
    }

    private init(locking path: String, ownership: FileOwnership) throws {
        let root = try Folder.opened(at: path)
        // Whoever may drop manifests may submit them.
        let open = FileOwnership(group: ownership.group, mode: try root.mode())
        var problem: SystemError?
        func made(_ name: String, _ ownership: FileOwnership) throws(SystemError) -> Folder {
            let made = try root.made(name, ownership: ownership)
            problem = problem ?? made.problem
            return made.folder
        }
        self.root = root
        accepted = try made(Self.accepted, ownership)
        lock = try Self.locked(accepted)
        submitted = try made(Self.submitted, open)
        done = try made("done", ownership)
        failed = try made("failed", ownership)
        self.ownership = ownership
        ownershipProblem = problem
    }

    private static func locked(_ accepted: Folder) throws(Problem) -> FileLock {
        do throws(FileLockError) {
            return try FileLock(path: "\(accepted.ownPath)/\(Self.lock)")
        } catch {
            switch error {
            case .held(let process): throw .watched(by: process)
            case .unwritable(let words): throw .unusable(words.replacing(accepted.ownPath, with: accepted.path))
            }
        }
    }

    /// Whether their paths still lead to these folders.
    var areInPlace: Bool {
        [root, accepted, submitted, done, failed].allSatisfy { (try? $0.isStill(at: $0.path)) == true }
    }

    /// Manifests can be moved out of the inbox.
    var takeNames: Bool { [root, accepted, done, failed].allSatisfy(\.takesNames) }
}
