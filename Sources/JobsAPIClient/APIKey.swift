/// The key of the account. It is printed nowhere: what a server or an error echoes of it is struck out.
package struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: String

    /// - Returns: `nil` when `text` cannot be a key: empty, or with blanks or control characters inside.
    package init?(_ text: String) {
        let isUsable = !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard isUsable else { return nil }
        secret = text
    }

    /// The value of the `Authorization` header.
    var authorization: String { "Bearer \(secret)" }

    /// `text` without the key, however often it is in it.
    package func redacted(_ text: String) -> String {
        guard secret.utf8.count >= 3 else { return text }
        return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "[key]")
    }

    package var description: String { "[key]" }
    package var debugDescription: String { "[key]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
