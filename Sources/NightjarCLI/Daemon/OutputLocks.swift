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

    func release() {
        locks.withLock { locks in
            for lock in locks.values { lock.release() }
            locks = [:]
        }
    }
}
