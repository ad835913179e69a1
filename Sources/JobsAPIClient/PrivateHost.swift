internal import Glibc

/// Whether a host is, by its spelling, on this machine or in a private network. What a name resolves to is asked by
/// `ResultHosts`.
enum PrivateHost {
    /// - Parameter host: As in a URL, with or without the brackets of IPv6; in lower case.
    static func isPrivate(_ host: String) -> Bool {
        var name = host[...]
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        while name.hasSuffix(".") { name.removeLast() }
        if name.contains(":") {
            guard let bytes = ipv6(String(name.prefix { $0 != "%" })) else { return true }
            return isPrivate(ipv6: bytes)
        }
        if let address = ipv4(String(name)) { return isPrivate(ipv4: address) }
        let privateNames = ["localhost", "local", "localdomain", "internal", "home.arpa"]
        return privateNames.contains { name == $0 || name.hasSuffix(".\($0)") }
    }

    /// As the resolver reads it: `127.1`, `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1.
    static func ipv4(_ text: String) -> UInt32? {
        var address = in_addr()
        return inet_aton(text, &address) == 1 ? UInt32(bigEndian: address.s_addr) : nil
    }

    /// 16 bytes.
    static func ipv6(_ text: String) -> [UInt8]? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, text, &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    /// The shortest spelling of 16 bytes.
    static func text(ipv6 bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard bytes.count == 16, inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Source: the IANA registry of special-purpose addresses (RFC 6890), without the blocks for documentation.
    private static func isPrivate(ipv4 address: UInt32) -> Bool {
        switch (UInt8(address >> 24), UInt8(truncatingIfNeeded: address >> 16)) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (100, 64...127), (172, 16...31), (198, 18...19),
            (224..., _):
            true
        case (192, 0): UInt8(truncatingIfNeeded: address >> 8) == 0
        default: false
        }
    }

    private static func isPrivate(ipv6 bytes: [UInt8]) -> Bool {
        func ipv4(at start: Int) -> Bool {
            isPrivate(ipv4: bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) })
        }
        let start = Array(bytes[..<12])
        let zeros = [UInt8](repeating: 0, count: 12)
        switch (bytes[0], bytes[1]) {
        case (0, 0) where start == zeros: return true  // `::`, `::1`, and IPv4 as `::127.0.0.1`
        case (0, 0) where start == zeros[..<10] + [0xFF, 0xFF]: return ipv4(at: 12)  // mapped
        case (0, 0) where start == zeros[..<8] + [0xFF, 0xFF, 0, 0]: return ipv4(at: 12)  // translated
        case (0, 0x64) where start == [0, 0x64, 0xFF, 0x9B] + zeros[..<8]: return ipv4(at: 12)  // NAT64
        case (0, 0x64): return true  // NAT64 of one's own network
        case (0x01, 0x00) where start[2..<8].allSatisfy({ $0 == 0 }): return true  // discarded
        case (0x20, 0x01) where start[2..<4] == [0, 0]: return true  // Teredo, which holds an IPv4 address in disguise
        case (0x20, 0x02): return ipv4(at: 2)  // 6to4
        case (0xFC...0xFD, _): return true  // unique local
        case (0xFE, 0x80...0xFF): return true  // link-local and the old site-local
        case (0xFF, _): return true  // multicast
        default: return false
        }
    }
}
