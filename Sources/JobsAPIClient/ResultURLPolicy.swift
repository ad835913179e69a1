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
            // Read with the parser that the HTTP client uses, so that both see the same host.
            guard let parts = URL(string: url), let scheme = parts.scheme?.lowercased(),
                let host = parts.host?.lowercased(), !host.isEmpty, scheme == "http" || scheme == "https"
            else { return nil }
            self.scheme = scheme
            self.host = host
            port = parts.port ?? (scheme == "https" ? 443 : 80)
            // The HTTP client would trap on another.
            guard (1...65535).contains(port) else { return nil }
        }
    }

    let api: Origin
    let resultHosts: [ResultHost]

    init(api: Origin, resultHosts: [ResultHost] = []) {
        self.api = api
        self.resultHosts = resultHosts
    }

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
        if !isTrusted(origin), PrivateHost.isPrivate(origin.host) {
            return .blocked(
                "the result's address is on a private host, `\(origin.host)`, which `result_hosts` does not name")
        }
        return .allowed(sendsKey: origin == api)
    }

    /// Whether results may come from this host wherever it is: it is the API's own, on any port, or was named by a person.
    func isTrusted(_ origin: Origin) -> Bool {
        origin.host == api.host || resultHosts.contains { $0.covers(origin) }
    }
}
