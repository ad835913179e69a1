/// `no_proxy`: hosts that no proxy is asked for, separated by commas or blanks. Case does not matter.
struct ProxyExceptions: Hashable, Sendable {
    private enum Pattern: Hashable, Sendable {
        case all
        /// The domain itself, and all below it.
        case domain(String, port: Int?)
        /// 4 or 16 bytes, of which the first `bits` bits count.
        case network([UInt8], bits: Int, port: Int?)
    }

    private let patterns: [Pattern]

    /// - Parameter text: `*`; `example.com`, which covers `www.example.com` too (a dot or `*.` in front changes nothing);
    ///   addresses and networks such as `10.0.0.0/8` and `fd00::/8`; names and addresses with a port. What is none of
    ///   these matches nothing.
    init(_ text: String) {
        patterns = text.split { $0 == "," || $0.isWhitespace }.compactMap { Self.pattern(String($0)) }
    }

    private static func pattern(_ text: String) -> Pattern? {
        if text == "*" { return .all }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2 {
            guard let bytes = address(parts[0]), let bits = Int(parts[1]), (0...bytes.count * 8).contains(bits) else {
                return nil
            }
            return .network(bytes, bits: bits, port: nil)
        }
        let bare = text.hasPrefix("*.") ? text.dropFirst(2) : text.drop { $0 == "." }
        let name = bare.hasSuffix(".") ? bare.dropLast() : bare
        guard let host = try? ResultHost(String(name)) else { return nil }
        if let bytes = address(host.host) { return .network(bytes, bits: bytes.count * 8, port: host.port) }
        return .domain(host.host, port: host.port)
    }

    /// 4 or 16 bytes; `nil` for a name.
    private static func address(_ text: String) -> [UInt8]? {
        let name = ResultHost.canonical(text)
        if let bytes = PrivateHost.ipv6(name) { return bytes }
        let isInFull = name.utf8.count { $0 == UInt8(ascii: ".") } == 3
        guard isInFull, let address = PrivateHost.ipv4(name) else { return nil }
        return withUnsafeBytes(of: address.bigEndian) { Array($0) }
    }

    func cover(host: String, port: Int) -> Bool {
        var name = ResultHost.canonical(host)[...]
        if name.hasSuffix(".") { name = name.dropLast() }
        let bytes = Self.address(String(name))
        return patterns.contains { pattern in
            switch pattern {
            case .all: true
            case .domain(let domain, let wanted):
                bytes == nil && (name == domain || name.hasSuffix(".\(domain)")) && (wanted ?? port) == port
            case .network(let network, let bits, let wanted):
                bytes.map { Self.areEqual($0, network, bits: bits) } == true && (wanted ?? port) == port
            }
        }
    }

    private static func areEqual(_ left: [UInt8], _ right: [UInt8], bits: Int) -> Bool {
        guard left.count == right.count else { return false }
        return left.indices.allSatisfy { index in
            let counted = max(0, min(8, bits - index * 8))
            return (left[index] ^ right[index]) >> (8 - counted) == 0
        }
    }
}
