internal import Crypto
package import NightjarCore

/// A batch's `metadata.jsonl`, as Hugging Face `datasets` loads it: one line an image.
///
/// It is written anew from the state whenever that has changed, and replaces only what it wrote itself: a file of that
/// name with another content is a person's, and stays.
package struct MetadataFile {
    private let output: String
    private let folderName: String
    private let ownership: FileOwnership
    private let blocking = BlockingWork(width: 1)

    /// - Parameters:
    ///   - output: The output folder, which must be there; `OUTPUT/BATCH/` is made where it is missing.
    ///   - batch: The batch's name.
    ///   - ownership: Of the file, and of the batch's folder where it is made.
    package init(output: String, batch: String, ownership: FileOwnership = .inherited) {
        self.output = output
        self.ownership = ownership
        folderName = SafePathComponent.make(batch, limit: 200)
    }

    /// Writes the file if its content has changed.
    /// - Parameters:
    ///   - knownHashes: The SHA-256 of what was written before, oldest first; the last two are enough.
    ///   - remember: Makes a hash durable as the newest of the known ones; called before anything is replaced.
    ///   - lines: Calls its argument for each job, in the order of the lines; a job without a file has none.
    /// - Returns: The path of the file, below the output folder.
    /// - Throws: `OutputFailure`, and what `remember` and `lines` throw.
    package func rewrite(
        knownHashes: [String], remember: (_ sha256: String) async throws -> Void,
        lines: (_ add: (JobSummary) throws -> Void) async throws -> Void
    ) async throws -> String {
        let folder = try openFolder()
        let temporary = try TemporaryFile(".nightjar-metadata.part", in: folder)
        defer { temporary.discard() }
        let sha256 = try await write(lines, to: temporary)
        try await blocking.run { () throws(OutputFailure) in try temporary.sync() }
        Failpoint.metadataSynced.reach()
        var number = 1
        while true {
            let name = "\(numbered("metadata", number)).jsonl"
            number += 1
            let there = try await blocking.run { () throws(OutputFailure) in try Self.content(of: name, in: folder) }
            switch there {
            case .nothing:
                try await remember(sha256)
                guard try temporary.move(to: name, in: folder) else { continue }
            case .file(sha256):
                if knownHashes.last != sha256 { try await remember(sha256) }
                return "\(folderName)/\(name)"
            case .file(let old) where knownHashes.contains(old):
                // Whatever happens before the rename, the file that is there stays known.
                if knownHashes.last != old { try await remember(old) }
                try await remember(sha256)
                try Self.replace(name, in: folder, with: temporary)
            case .file, .somethingElse:
                continue
            }
            try await blocking.run { () throws(OutputFailure) in try Self.sync(folder) }
            return "\(folderName)/\(name)"
        }
    }

    private func openFolder() throws(OutputFailure) -> Folder {
        let root: Folder
        do {
            root = try Folder.root(output, create: false, ownership: ownership)
        } catch {
            throw .unwritable("cannot open the output folder `\(output)`: \(error.words)")
        }
        return try root.descend([folderName], create: true)
    }

    /// - Returns: The SHA-256 of what was written.
    private func write(
        _ lines: (_ add: (JobSummary) throws -> Void) async throws -> Void, to file: TemporaryFile
    ) async throws -> String {
        var hash = SHA256()
        var buffer: [UInt8] = []
        func flush() throws {
            try buffer.withUnsafeBytes { bytes in
                hash.update(bufferPointer: bytes)
                try file.write(bytes)
            }
            buffer.removeAll(keepingCapacity: true)
        }
        try await lines { job in
            guard let file = job.file else { return }
            buffer += ImageDescription(job: job, file: file).json(fileName: relative(file.path)).utf8
            buffer.append(UInt8(ascii: "\n"))
            if buffer.count >= 1 << 16 { try flush() }
        }
        try flush()
        return hexadecimal(hash.finalize())
    }

    /// `path`, which is below the output folder, as seen from the batch's own.
    private func relative(_ path: String) -> String {
        let own = folderName + "/"
        return path.utf8.starts(with: own.utf8)
            ? String(decoding: path.utf8.dropFirst(own.utf8.count), as: UTF8.self)
            : "../" + path
    }

    private enum Content: Equatable {
        case nothing
        /// A regular file with this SHA-256.
        case file(String)
        case somethingElse
    }

    private static func content(of name: String, in folder: Folder) throws(OutputFailure) -> Content {
        do {
            guard try folder.kind(of: name) != nil else { return .nothing }
            return try folder.digest(of: name).map { .file($0.sha256) } ?? .somethingElse
        } catch {
            throw folder.failure("read", name, error)
        }
    }

    private static func replace(_ name: String, in folder: Folder, with temporary: TemporaryFile) throws(OutputFailure)
    {
        do {
            try temporary.folder.replace(name, in: folder, with: temporary.name)
        } catch {
            throw folder.failure("replace", name, error)
        }
    }

    private static func sync(_ folder: Folder) throws(OutputFailure) {
        do {
            try folder.sync()
            if folder.isNew { try folder.parent?.sync() }
        } catch {
            throw folder.failure("write", "metadata.jsonl", error)
        }
    }
}
