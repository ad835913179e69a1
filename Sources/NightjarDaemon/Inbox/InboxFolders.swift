internal import NightjarFiles

/// The folders of an inbox, open.
struct InboxFolders {
    static let accepted = ".accepted"
    static let submitted = ".submitted"

    let root: Folder
    let accepted: Folder
    let submitted: Folder
    let done: Folder
    let failed: Folder
    let ownership: FileOwnership
    /// Why what was made could not be given to whom it should.
    let ownershipProblem: SystemError?

    /// Opens the inbox, which must be there, and makes what is missing in it.
    init(at path: String, ownership: FileOwnership) throws(SystemError) {
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
        submitted = try made(Self.submitted, open)
        done = try made("done", ownership)
        failed = try made("failed", ownership)
        self.ownership = ownership
        ownershipProblem = problem
    }

    /// Whether their paths still lead to these folders.
    var areInPlace: Bool {
        [root, accepted, submitted, done, failed].allSatisfy { (try? $0.isStill(at: $0.path)) == true }
    }

    /// Manifests can be moved out of the inbox.
    var takeNames: Bool { [root, accepted, done, failed].allSatisfy(\.takesNames) }
}
