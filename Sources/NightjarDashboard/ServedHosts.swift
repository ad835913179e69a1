internal import Glibc

/// Under which names the page answers.
///
/// A page of somebody else's can have its own name point to this machine (DNS rebinding), and would then be let to read
/// what comes from here. Its requests name it, and are told apart by that.
struct ServedHosts: Sendable {
    private let names: Set<String>
    /// The page is served at every address of the machine, whatever they are: who calls one names no name.
    private let allowsAddresses: Bool

    /// - Parameter configured: Where the page is served: a name or an address.
    init(configured: String) {
        allowsAddresses = ["0.0.0.0", "::"].contains(configured)
        var names: Set = ["localhost", "127.0.0.1", "::1", configured.lowercased()]
        if allowsAddresses, let name = Self.machineName { names.insert(name.lowercased()) }
        self.names = names
    }

    private static var machineName: String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            name.initialize(repeating: 0)
            guard let start = name.baseAddress, gethostname(start, name.count - 1) == 0 else { return nil }
            return String(cString: start)
        }
    }

    /// - Parameter authority: As the request has it: a host, perhaps with a port. Which port does not matter.
    func contains(_ authority: String?) -> Bool {
        guard let host = authority.flatMap(Self.host) else { return false }
        return names.contains(host) || (allowsAddresses && Self.isAddress(host))
    }

    private static func host(of authority: String) -> String? {
        let text = authority.lowercased()
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"), isPort(text[text.index(after: end)...]) else { return nil }
            return String(text[text.index(after: text.startIndex)..<end])
        }
        let host = text.prefix { $0 != ":" }
        guard isPort(text[host.endIndex...]), !host.isEmpty else { return nil }
        return String(host)
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.first == ":" && text.dropFirst().allSatisfy { $0.isASCII && $0.isNumber })
    }

    private static func isAddress(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
    }
}
