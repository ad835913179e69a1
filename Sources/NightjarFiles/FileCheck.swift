internal import Glibc
package import NightjarCore

/// Compares files in an output folder with what was recorded of them. Nothing is written, and below the folder no symbolic
/// link is followed.
package struct FileCheck: Sendable {
    package enum Verdict: Hashable, Sendable {
        /// The recorded bytes, to the last.
        case whole
        case missing
        /// Something else; in words that follow the file's path: `has 100 bytes instead of 200`.
        case damaged(String)
    }

    private let output: String
    private let blocking: BlockingWork

    /// - Parameters:
    ///   - output: The output folder; where it is missing, so are all files.
    ///   - width: How many files are read at one time.
    package init(output: String, width: Int = 2) {
        self.output = output
        blocking = BlockingWork(width: width)
    }

    /// Reads the whole file, unless its length is already another.
    /// - Throws: `unwritable` where the file could not be looked at, so that nothing is known of it.
    package func verify(_ file: OutputFile) async throws(OutputFailure) -> Verdict {
        try await blocking.run { () throws(OutputFailure) in try self.check(file) }
    }

    private func check(_ file: OutputFile) throws(OutputFailure) -> Verdict {
        guard let recorded = RecordedPath(file.path) else {
            return .damaged("is recorded under a path that no image has below the output folder")
        }
        var folder: Folder
        do {
            folder = try Folder.root(output, create: false)
        } catch  where error.code == ENOENT {
            return .missing
        } catch {
            throw .unwritable("cannot open the output folder `\(output)`: \(error.words)")
        }
        for name in recorded.folders {
            do {
                folder = try folder.folder(name, create: false)
            } catch {
                guard let verdict = Self.verdict(of: error) else {
                    throw folder.failure("open the folder", name, error)
                }
                return verdict
            }
        }
        do {
            return try compare(recorded.name, in: folder, with: file)
        } catch {
            guard let verdict = Self.verdict(of: error) else { throw folder.failure("read", recorded.name, error) }
            return verdict
        }
    }

    private func compare(_ name: String, in folder: Folder, with file: OutputFile) throws(SystemError) -> Verdict {
        guard let kind = try folder.kind(of: name) else { return .missing }
        if kind.isLink { return .damaged("is a symbolic link, which is not followed") }
        if !kind.isFile { return .damaged("is not a regular file") }
        if kind.bytes != file.bytes { return .damaged("has \(kind.bytes) bytes instead of \(file.bytes)") }
        guard let found = try folder.digest(of: name) else { return .missing }
        if found.bytes != file.bytes { return .damaged("has \(found.bytes) bytes instead of \(file.bytes)") }
        if found.sha256 != file.sha256 {
            return .damaged("has the SHA-256 \(found.sha256) instead of \(file.sha256)")
        }
        return .whole
    }

    /// What an error says about the file itself; `nil` where it says nothing.
    private static func verdict(of error: SystemError) -> Verdict? {
        switch error.code {
        case ENOENT: .missing
        case ENOTDIR, ELOOP: .damaged("is not there: a file or a symbolic link has the place of one of its folders")
        case EIO, EBADMSG: .damaged("cannot be read: \(error.words)")
        default: nil
        }
    }
}
