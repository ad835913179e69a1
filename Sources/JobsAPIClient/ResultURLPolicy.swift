internal import FoundationEssentials

/// Where results may be fetched from, and where the key may go.
struct ResultURLPolicy: Sendable {
    /// Scheme, host and port: what may be told the key.
    struct Origin: Hashable, Sendable {
        let scheme: String
        let host: String
        let port: Int

        /// - Returns: `nil` when `url` is not an absolute http(s) address.
        init?(_ url: String) {
            guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
                let host = parts.host?.lowercased(), !host.isEmpty, scheme == "http" || scheme == "https"
            else { return nil }
            self.scheme = scheme
            self.host = host
            port = parts.port ?? (scheme == "https" ? 443 : 80)
        }
    }

    let api: Origin

    enum Verdict: Equatable {
        case allowed(sendsKey: Bool)
        case blocked(String)
    }

    /// - Parameter url: Absolute.
    func judge(_ url: String) -> Verdict {
        guard let origin = Origin(url) else { return .blocked("the result's address is not http or https") }
        if api.scheme == "https", origin.scheme != "https" {
            return .blocked("the result's address is http although the API is https")
        }
        if origin.host != api.host, Self.isPrivate(origin.host) {
            return .blocked("the result's address is on a private host, `\(origin.host)`")
        }
        return .allowed(sendsKey: origin == api)
    }

    /// Whether a host is, by its spelling, on this machine or a private network.
    static func isPrivate(_ host: String) -> Bool {
        let host = host.trimmingCharacters("[]")
        if host == "localhost" || host.hasSuffix(".localhost") || host.hasSuffix(".local") { return true }
        if host.contains(":") {
            let isMapped = host.hasPrefix("::ffff:")
            let prefixes = ["::1", "fc", "fd", "fe8", "fe9", "fea", "feb"]
            return host == "::" || isMapped || prefixes.contains { host.hasPrefix($0) }
        }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard numbers.count == 4, let first = numbers[0], let second = numbers[1] else {
            // `2130706433`, `0x7f.1`: other spellings of addresses that a resolver would take.
            return host.allSatisfy { $0.isHexDigit || $0 == "." || $0 == "x" } && host.first?.isNumber == true
        }
        switch (first, second) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (100, 64...127), (172, 16...31), (224..., _):
            return true
        default: return false
        }
    }
}

extension String {
    fileprivate func trimmingCharacters(_ characters: String) -> String {
        String(drop { characters.contains($0) }.reversed().drop { characters.contains($0) }.reversed())
    }
}
