import Glibc
import NightjarCore

/// What came through standard input, in a temporary file without a name: a manifest is read more than once.
final class StandardInputCopy {
    static let name = "standard input"

    private let file: TemporaryFile

    private init(_ file: TemporaryFile) {
        self.file = file
    }

    /// Opens the copy anew, from its beginning.
    var path: String { "/proc/self/fd/\(file.descriptor)" }

    static func make() throws(ManifestError) -> StandardInputCopy {
        do {
            let file = try TemporaryFile()
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            var size = 0
            while true {
                let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else {
                    throw ManifestError.unreadable(
                        name, "it cannot be read: \(String(cString: strerror(errno)).lowercased())")
                }
                if count == 0 { return StandardInputCopy(file) }
                try buffer.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: size) }
                size += count
            }
        } catch let error as ManifestError {
            throw error
        } catch {
            throw ManifestError.unwritable(name, "\(error)")
        }
    }
}
