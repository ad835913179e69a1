import Glibc

/// A file for reading and writing that has no name, and goes when the last who holds it lets go, or the process ends.
final class TemporaryFile: Sendable {
    let descriptor: Int32

    init() throws(Spool.Failure) {
        // mkstemp(3) puts letters and digits in the place of six X.
        var template = Array("\(Self.folder)/nightjar-\(String(repeating: "X", count: 6))".utf8CString)
        descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw Spool.Failure(
                description:
                    "no temporary file can be made in `\(Self.folder)`: \(Self.words(errno)); set `TMPDIR` to a "
                    + "folder with room")
        }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Writes all of `bytes` at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Spool.Failure) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let got = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                throw Spool.Failure(
                    description: "a temporary file in `\(Self.folder)` cannot be written: \(Self.words(errno)); set "
                        + "`TMPDIR` to a folder with room")
            }
            done += got
        }
    }

    /// Fills `buffer` from `offset` on; that much is there.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Spool.Failure) {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                throw Spool.Failure(
                    description: "a temporary file cannot be read: "
                        + (got == 0 ? "it ends too early" : Self.words(errno)))
            }
            done += got
        }
    }

    private static var folder: String {
        guard let path = getenv("TMPDIR"), path.pointee != 0 else { return "/tmp" }
        return String(cString: path)
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
}
