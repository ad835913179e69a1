internal import FoundationEssentials

/// An HTTP proxy. Its credentials are printed nowhere.
package struct Proxy: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    struct Credentials: Hashable, Sendable {
        var user: String
        var password: String

        /// The value of `Proxy-Authorization`.
        var header: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }
    }

    /// An IPv6 address without brackets.
    package let host: String
    package let port: Int
    let credentials: Credentials?

    /// As curl: the port of a proxy that names none.
    private static let usualPort = 1080

    struct Malformed: Error { var reason: String }

    /// - Parameter text: `http://user:password@host:port`, of which the host is needed only; what is behind it is ignored.
    init(_ text: String) throws(Malformed) {
        var rest = text[...]
        if let separator = text.firstRange(of: "://") {
            let scheme = text[..<separator.lowerBound].lowercased()
            let isName = scheme.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
            guard scheme == "http" else {
                throw Malformed(
                    reason: isName ? "proxies of the kind `\(scheme)` are not supported" : "no kind of proxy")
            }
            rest = text[separator.upperBound...]
        }
        let authority = rest.prefix { !"/?#".contains($0) }
        guard authority.endIndex == rest.endIndex || !rest.contains("@") || authority.contains("@") else {
            throw Malformed(reason: "`/`, `?` and `#` in a password are written `%2F`, `%3F` and `%23`")
        }
        let at = authority.lastIndex(of: "@")
        credentials = try at.map { at throws(Malformed) in try Self.credentials(authority[..<at]) }
        let place = String(authority[(at.map { authority.index(after: $0) } ?? authority.startIndex)...])
        guard let parsed = try? ResultHost(place) else { throw Malformed(reason: "no host, or no port") }
        host = parsed.host
        port = parsed.port ?? Self.usualPort
    }

    private static func credentials(_ text: Substring) throws(Malformed) -> Credentials {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let user = decoded(parts[0]), let password = decoded(parts.count > 1 ? parts[1] : "") else {
            throw Malformed(reason: "`%` in a password is written `%25`")
        }
        return Credentials(user: user, password: password)
    }

    /// - Returns: `nil` where a `%` has no two digits behind it, and for what is not UTF-8 then.
    private static func decoded(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, !digits.hasPrefix("+"), !digits.hasPrefix("-"),
                let value = UInt8(digits, radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    package var description: String { "http://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["host": host, "port": port]) }
}
