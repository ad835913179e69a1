internal import Glibc
internal import NightjarCore
internal import Synchronization

/// The output folder of one run.
///
/// It is kept open from the run's beginning, so that no other can get its number, and looked up again for each file: what
/// is written to a folder that was deleted or moved away would be lost, and one that appears in its place is not the one
/// that was asked for.
final class OutputRoot: Sendable {
    let path: String
    private let ownership: FileOwnership
    private let folder = Mutex<Folder?>(nil)

    init(path: String, ownership: FileOwnership = .inherited) {
        self.path = path
        self.ownership = ownership
    }

    /// Opens the folder, and makes it and its parents where they are missing. From now on it has to stay.
    @discardableResult
    func begin() throws(OutputFailure) -> Folder {
        do {
            let opened = try Folder.root(path, ownership: ownership)
            folder.withLock { $0 = opened }
            return opened
        } catch {
            throw failure(error)
        }
    }

    /// The folder of the run, if it is still there; the run begins now if it has not.
    func open() throws(OutputFailure) -> Folder {
        guard let opened = folder.withLock({ $0 }) else { return try begin() }
        do {
            if try opened.isStill(at: path) { return opened }
        } catch {
            throw error.code == ENOENT
                ? .unwritable("the output folder `\(path)` is gone: it was deleted or moved during the run")
                : failure(error)
        }
        throw .unwritable("the output `\(path)` is no longer the folder that the run began with")
    }

    /// The folder, or `nil` when no run has begun and there is none.
    func existing() throws(OutputFailure) -> Folder? {
        if folder.withLock({ $0 != nil }) { return try open() }
        do {
            return try Folder.root(path, create: false, ownership: ownership)
        } catch  where error.code == ENOENT {
            return nil
        } catch {
            throw failure(error)
        }
    }

    /// How many bytes anyone but the system's administrator may still write there, or to the nearest folder above it.
    func freeBytes() throws(OutputFailure) -> Int64 {
        var place = path
        while true {
            var status = statvfs()
            do {
                try retrying { statvfs(place, &status) }
            } catch  where error.code == ENOENT {
                guard let parent = Folder.parent(of: place) else { throw failure(error) }
                place = parent
                continue
            } catch {
                throw failure(error)
            }
            // Some file systems in user space and over networks do not say how large they are.
            guard status.f_blocks > 0 else { return .max }
            let (bytes, isTooMany) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
            return isTooMany ? .max : Int64(clamping: bytes)
        }
    }

    private func failure(_ error: SystemError) -> OutputFailure {
        error.code == ENOTDIR || error.code == EEXIST
            ? .unwritable("the output `\(path)` is not a folder")
            : .unwritable("cannot open the output folder `\(path)`: \(error.words)")
    }
}
