import Glibc

/// Bytes that are written once and read several times: in memory while they are few, then in a temporary file without a
/// name, which goes when the process does.
///
/// Unchecked: it is written by the one task that reads the manifest, and only read after that.
final class Spool: @unchecked Sendable {
    /// Why nothing more can be written or read, in words.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let inMemory = 1 << 20
    private var tail: [UInt8] = []
    /// Bytes in the file.
    private var written = 0
    private var descriptor: Int32 = -1

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Bytes in all.
    var count: Int { written + tail.count }

    func append(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        tail.append(contentsOf: bytes)
        if tail.count >= Self.inMemory { try flush() }
    }

    func append(_ bytes: [UInt8]) throws(Failure) {
        tail.append(contentsOf: bytes)
        if tail.count >= Self.inMemory { try flush() }
    }

    /// Fills `buffer` from `offset` on.
    /// - Returns: Bytes read; fewer than asked for only at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        var count = 0
        while count < buffer.count, offset + count < written {
            let most = min(buffer.count - count, written - offset - count)
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count..<(count + most)])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + count))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Failure(description: "a temporary file cannot be read: \(Self.words(errno))") }
            count += got
        }
        let start = offset + count - written
        guard count < buffer.count, start < tail.count else { return count }
        let more = min(buffer.count - count, tail.count - start)
        tail.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + more)]))
        }
        return count + more
    }

    private func flush() throws(Failure) {
        if descriptor < 0 { descriptor = try Self.temporaryFile() }
        var done = 0
        while done < tail.count {
            let got = tail.withUnsafeBytes {
                pwrite(
                    descriptor, UnsafeRawBufferPointer(rebasing: $0[done...]).baseAddress, $0.count - done,
                    off_t(written))
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw Self.cannotWrite(errno) }
            done += got
            written += got
        }
        tail.removeAll(keepingCapacity: true)
    }

    private static var folder: String {
        guard let path = getenv("TMPDIR"), path.pointee != 0 else { return "/tmp" }
        return String(cString: path)
    }

    static func cannotWrite(_ code: Int32) -> Failure {
        Failure(
            description: "a temporary file in `\(folder)` cannot be written: \(words(code)); set `TMPDIR` to a folder "
                + "with room")
    }

    /// A file for reading and writing that has no name, and goes when it is closed.
    static func temporaryFile() throws(Failure) -> Int32 {
        var template = Array("\(folder)/nightjar-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw Failure(
                description: "no temporary file can be made in `\(folder)`: \(words(errno)); set `TMPDIR` to a folder "
                    + "with room")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        return descriptor
    }

    private static func words(_ code: Int32) -> String {
        code == 0 ? "it ends too early" : String(cString: strerror(code)).lowercased()
    }
}
