import Glibc

/// Finished images, each in a file of its own. A file is whole or not there.
struct ImageFolder: Sendable {
    let path: String
    private let threads = BlockingThreads(label: "nightjar.images", count: max(4, processorCount))

    /// Why a file could not be written or read.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(path: String) {
        self.path = path
    }

    /// Writes a file under a temporary name, and renames it when it is on disk.
    /// - Throws: `Failure`.
    func write(_ bytes: [UInt8], to name: String) async throws {
        try await threads.run { try Self.write(bytes, "\(path)/\(name)", "\(path)/.\(name).tmp", folder: path) }
    }

    /// - Returns: `nil` when there is no such file.
    /// - Throws: `Failure`.
    func read(_ name: String) async throws -> [UInt8]? {
        try await threads.run { try Self.read("\(path)/\(name)") }
    }

    private static func write(_ bytes: [UInt8], _ path: String, _ temporary: String, folder: String) throws(Failure) {
        let file = open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure("written") }
        var done = 0
        var isWhole = true
        while done < bytes.count, isWhole {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress?.advanced(by: done), $0.count - done) }
            if count > 0 { done += count } else if errno != EINTR { isWhole = false }
        }
        isWhole = isWhole && fsync(file) == 0
        let reason = isWhole ? nil : failure("written")
        Glibc.close(file)
        if let reason {
            unlink(temporary)
            throw reason
        }
        guard rename(temporary, path) == 0 else { throw failure("named") }
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw failure("synced") }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw failure("synced") }
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("read")
        }
        defer { Glibc.close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw failure("read") }
        var bytes = [UInt8](repeating: 0, count: Int(facts.st_size))
        var done = 0
        while done < bytes.count {
            let size = bytes.count - done
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: done), size) }
            if count > 0 { done += count } else if count == 0 || errno != EINTR { throw failure("read") }
        }
        return bytes
    }

    private static func failure(_ what: String) -> Failure {
        Failure(description: "the image could not be \(what): \(systemReason())")
    }
}
