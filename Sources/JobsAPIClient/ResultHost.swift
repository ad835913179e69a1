internal import Glibc

/// A host that results may come from although it is private: a name or an address, on one port or on all.
package struct ResultHost: Hashable, Sendable, CustomStringConvertible {
    /// In lower case; an IPv6 address without brackets, in its shortest spelling.
    package let host: String
    /// `nil`: any.
    package let port: Int?

    /// - Parameter text: `nas.local`, `nas.local:9000`, `10.0.0.7`, `[fd00::7]:9000` or `fd00::7`.
    package init(_ text: String) throws(ClientSettingsError) {
        guard let (name, port) = Self.split(text), let host = Self.host(name) else { throw .resultHost(text) }
        self.host = host
        self.port = port
    }

    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }

    func covers(_ origin: ResultURLPolicy.Origin) -> Bool {
        Self.canonical(origin.host) == host && (port.map { $0 == origin.port } ?? true)
    }

    /// `host` in lower case, without brackets; IPv6 in its shortest spelling.
    static func canonical(_ host: String) -> String {
        var name = host.lowercased()[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        return PrivateHost.ipv6(String(name)).map(PrivateHost.text(ipv6:)) ?? String(name)
    }

    /// Host and port; `nil` where the port is none.
    private static func split(_ text: String) -> (String, Int?)? {
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        let hasBrackets = text.hasPrefix("[")
        // More than one colon is an IPv6 address by itself.
        guard let colon = text.lastIndex(of: ":"), colons == 1 || hasBrackets, !text.hasSuffix("]") else {
            return (text, nil)
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
            (1...65535).contains(port), !hasBrackets || text[..<colon].hasSuffix("]")
        else { return nil }
        return (String(text[..<colon]), port)
    }

    private static func host(_ text: String) -> String? {
        if text.contains(":") {
            let isWhole = text.hasPrefix("[") == text.hasSuffix("]")
            let name = canonical(text)
            return isWhole && PrivateHost.ipv6(name) != nil ? name : nil
        }
        let isName =
            !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true  // letters, digits, `-`, `.`, `_`
                default: false
                }
            }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return isName && labels.allSatisfy { (1...63).contains($0.utf8.count) } ? text.lowercased() : nil
    }
}
