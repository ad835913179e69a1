internal import Glibc
internal import NightjarDashboard

/// What `http` says: where the web page is served.
enum WebAddress: Equatable, Sendable {
    case off
    case at(DashboardSettings)
    /// Neither; what was probably meant.
    case wrong(hint: String?)

    /// - Parameter text: `127.0.0.1:8787`, `[::1]:8787`, `localhost:8787` or `off`.
    init(_ text: String) {
        if text == "off" {
            self = .off
        } else if let (host, port) = Self.parts(text) {
            self = .at(DashboardSettings(host: host, port: port))
        } else {
            self = .wrong(hint: Self.hint(text))
        }
    }

    private static func parts(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = port(text[text.index(after: colon)...]) else {
            return nil
        }
        let name = String(text[..<colon])
        if name.hasPrefix("["), name.hasSuffix("]") {
            let address = String(name.dropFirst().dropLast())
            return isIPv6(address) ? (address, port) : nil
        }
        return isName(name) ? (name, port) : nil
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text).flatMap { $0 <= 65_535 ? $0 : nil }
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    private static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) {
            var address = in_addr()
            return inet_pton(AF_INET, text, &address) == 1
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
            default: false
            }
        }
    }

    private static func hint(_ text: String) -> String? {
        if ["no", "none", "false", "never"].contains(text.lowercased()) { return "write `http: off`" }
        if text.hasPrefix(":"), let port = port(text.dropFirst()) {
            return "say on which address: `127.0.0.1:\(port)` is for this machine alone"
        }
        if let port = port(text[...]) { return "write `http: 127.0.0.1:\(port)`" }
        if isIPv6(text) { return "write `http: \"[\(text)]:8787\"`" }
        if let colon = text.lastIndex(of: ":"), isIPv6(String(text[..<colon])),
            let port = port(text[text.index(after: colon)...])
        {
            return "write `http: \"[\(text[..<colon])]:\(port)\"`"
        }
        if isName(text) { return "write `http: \(text):8787`" }
        return nil
    }

    /// Whether others than this machine reach it.
    static func isForOthers(_ settings: DashboardSettings) -> Bool {
        let host = settings.host.lowercased()
        return host != "localhost" && host != "::1" && !host.hasPrefix("127.")
    }

    static func text(_ settings: DashboardSettings) -> String {
        settings.host.contains(":") ? "[\(settings.host)]:\(settings.port)" : "\(settings.host):\(settings.port)"
    }
}
