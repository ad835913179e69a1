internal import JobsAPI

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

    /// `text` without the key, however often it is in it, as it is, percent-encoded or escaped as in JSON. A key of one
    /// or two characters is left: striking it out would tell it.
    package func redacted(_ text: String) -> String {
        guard secret.utf8.count >= 3 else { return text }
        return spellings.reduce(text) { text, spelling in
            // By bytes: a combining mark behind the key makes its last letter another `Character`.
            let parts = text.utf8.split(separator: Array(spelling.utf8), omittingEmptySubsequences: false)
            guard parts.count > 1 else { return text }
            return String(decoding: Array(parts.joined(separator: "[key]".utf8)), as: UTF8.self)
        }
    }

    private var spellings: Set<String> {
        let inURL = JobsAPIPath.segment(secret)
        let pieces = inURL.split(separator: "%", omittingEmptySubsequences: false)
        let inURLInLowerCase = pieces.dropFirst().reduce(into: String(pieces[0])) { text, piece in
            text += "%" + piece.prefix(2).lowercased() + piece.dropFirst(2)
        }
        let inJSON = secret.reduce(into: "") { text, character in
            text += character == "\"" || character == "\\" ? "\\\(character)" : String(character)
        }
        let inJSONWithSlashes = inJSON.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "\\/")
        return [secret, inURL, inURLInLowerCase, inJSON, inJSONWithSlashes]
    }

    package var description: String { "[key]" }
    package var debugDescription: String { "[key]" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
