internal import Glibc
internal import NightjarCore
internal import NightjarFiles
internal import Synchronization

/// The locks of the output folders that a daemon writes to: each serves one process.
final class OutputLocks: Sendable {
    private let locks = Mutex<[String: FileLock]>([:])

    /// - Throws: `Refusal` where another process has the folder.
    func take(_ output: String) throws {
        guard locks.withLock({ $0[output] == nil }) else { return }
        let lock = try Composition.lock(
            output + "/.nightjar/output.lock", holding: "the output folder `\(output)`")
        locks.withLock { $0[output] = lock }
    }

    /// Looks whether the folders are the ones that were locked: an empty one in the place of a disk that is not mounted is
    /// not to be filled.
    /// - Throws: `OutputFailure`.
    func check() throws(OutputFailure) {
        for output in locks.withLock({ $0.keys.sorted() })
        where access(output + "/.nightjar/output.lock", F_OK) != 0 {
            throw .unwritable(
                "the output folder `\(output)` is gone, or is another one: put it back, or start the daemon again to begin "
                    + "a new one")
        }
    }

    func release() {
        locks.withLock { locks in
            for lock in locks.values { lock.release() }
            locks = [:]
        }
    }
}
