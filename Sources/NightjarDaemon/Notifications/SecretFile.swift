internal import Glibc
internal import NightjarCore

/// A file that holds one secret: an address, or a token.
enum SecretFile {
    struct Unreadable: Error {
        let words: String
    }

    private static let mostBytes = 8192

    /// Read anew each time, since it may be changed while the daemon runs.
    /// - Returns: Its text, without the blanks and line ends around it.
    static func read(_ path: String) throws(Unreadable) -> String {
        // Not blocking: a pipe has no end.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw Unreadable(words: "`\(path)` cannot be read: \(String(cString: strerror(errno)).lowercased())")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: mostBytes + 1)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else {
            throw Unreadable(words: "`\(path)` cannot be read: \(String(cString: strerror(errno)).lowercased())")
        }
        guard count <= mostBytes, let text = String(validating: bytes[..<count], as: UTF8.self)?.trimmed(),
            !text.isEmpty, !text.contains(where: \.isNewline)
        else { throw Unreadable(words: "`\(path)` must hold one line of text") }
        return text
    }
}
