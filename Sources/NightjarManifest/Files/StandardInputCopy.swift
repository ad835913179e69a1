import Glibc
import NightjarCore

/// What came through standard input, in a temporary file without a name: a manifest is read more than once.
final class StandardInputCopy {
    static let name = "standard input"

    private let descriptor: Int32

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Opens the copy anew, from its beginning.
    var path: String { "/proc/self/fd/\(descriptor)" }

    static func make() throws(ManifestError) -> StandardInputCopy {
        let descriptor: Int32
        do {
            descriptor = try Spool.temporaryFile()
        } catch {
            throw ManifestError.unwritable(name, "\(error)")
        }
        let copy = StandardInputCopy(descriptor)
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ManifestError.unreadable(
                    name, "it cannot be read: \(String(cString: strerror(errno)).lowercased())")
            }
            if count == 0 { return copy }
            var done = 0
            while done < count {
                let got = buffer.withUnsafeBytes {
                    write(descriptor, UnsafeRawBufferPointer(rebasing: $0[done..<count]).baseAddress, count - done)
                }
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { throw ManifestError.unwritable(name, "\(Spool.cannotWrite(errno))") }
                done += got
            }
        }
    }
}
