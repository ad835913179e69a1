import Crypto
import FoundationEssentials

/// Whose jobs they are: the SHA-256 of a key in hexadecimal digits, or `anonymous`.
struct Owner: Hashable, Sendable {
    let name: String

    static let anonymous = Owner(name: "anonymous")

    /// What the ledger shows: enough to tell keys apart.
    var label: String { String(name.prefix(12)) }
}

/// The keys that are let in; only their hashes are kept.
struct KeyRing: Sendable {
    /// `nil`: no key is asked for.
    private let hashes: [[UInt8]]?

    static let open = KeyRing(hashes: nil)

    private init(hashes: [[UInt8]]?) {
        self.hashes = hashes
    }

    /// - Parameter file: One key a line; blank lines and lines that begin with `#` are skipped.
    /// - Throws: `keyFileUnusable`.
    init(file: String) throws(ServerError) {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw .keyFileUnusable(path: file, reason: "it is not there, not readable, or no text")
        }
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()
        }
        let keys = lines.map { String($0) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !keys.isEmpty else { throw .keyFileUnusable(path: file, reason: "there is no key in it, one a line") }
        hashes = keys.map { Array(SHA256.hash(data: Array($0.utf8))) }
    }

    /// - Parameter authorization: The header as it came.
    /// - Returns: `nil` when the key is not known. Every key is compared in full, so that time tells nothing.
    func owner(_ authorization: String?) -> Owner? {
        guard let hashes else { return .anonymous }
        guard let authorization, let space = authorization.firstIndex(of: " "),
            authorization[..<space].lowercased() == "bearer"
        else { return nil }
        let key = authorization[authorization.index(after: space)...].drop { $0 == " " }
        let hash = Array(SHA256.hash(data: Array(key.utf8)))
        var isKnown = false
        for candidate in hashes {
            let difference = zip(candidate, hash).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            isKnown = difference == 0 || isKnown
        }
        return isKnown ? Owner(name: hexadecimal(hash)) : nil
    }
}

/// Lower-case digits, two a byte.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var text = String.UnicodeScalarView()
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(text)
}
