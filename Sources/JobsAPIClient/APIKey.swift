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
    /// - Parameter ignoringCase: Of the letters of ASCII: for words that may quote a host, whose name has been lower-cased.
    package func redacted(_ text: String, ignoringCase: Bool = false) -> String {
        guard secret.utf8.count >= 3 else { return text }
        return spellings.reduce(text) { text, spelling in
            // By bytes: a combining mark behind the key makes its last letter another `Character`.
            let bytes = Array(text.utf8)
            let folded = ignoringCase ? bytes.map(Self.lowerCase) : bytes
            let sought = ignoringCase ? spelling.utf8.map(Self.lowerCase) : Array(spelling.utf8)
            let parts = folded.split(separator: sought, omittingEmptySubsequences: false)
            guard parts.count > 1 else { return text }
            // A part has the same bounds in both.
            let kept = parts.map { bytes[$0.startIndex..<$0.endIndex] }
            return String(decoding: Array(kept.joined(separator: "[key]".utf8)), as: UTF8.self)
        }
    }

    private static func lowerCase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

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
