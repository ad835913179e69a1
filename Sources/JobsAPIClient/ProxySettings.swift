/// Which proxy a request goes through, by the environment's word. Pure.
///
/// Read as curl reads it: `https_proxy` for https, `http_proxy` for http, else `all_proxy`, where `no_proxy` does not except
/// the host; in lower case first, then in upper case; one that is empty counts as unset. `HTTP_PROXY` is passed over where
/// `REQUEST_METHOD` is set, since a web server's client could set it there.
package struct ProxySettings: Hashable, Sendable {
    package static let none = ProxySettings()

    private var http: Proxy?
    private var https: Proxy?
    private var exceptions = ProxyExceptions("")

    private init() {}

    /// - Throws: `ClientSettingsError.proxy` for the first variable in use that does not hold a proxy's address.
    package init(environment: [String: String]) throws(ClientSettingsError) {
        let upperCase = environment["REQUEST_METHOD"] == nil ? ["HTTP_PROXY"] : []
        http = try Self.proxy(["http_proxy"] + upperCase + ["all_proxy", "ALL_PROXY"], environment)
        https = try Self.proxy(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"], environment)
        exceptions = ProxyExceptions(Self.value(["no_proxy", "NO_PROXY"], environment)?.value ?? "")
    }

    private static func value(
        _ names: [String], _ environment: [String: String]
    ) -> (name: String, value: String)? {
        for name in names {
            if let value = environment[name], !value.isEmpty { return (name, value) }
        }
        return nil
    }

    private static func proxy(
        _ names: [String], _ environment: [String: String]
    ) throws(ClientSettingsError) -> Proxy? {
        guard let (name, value) = value(names, environment) else { return nil }
        do {
            return try Proxy(value)
        } catch {
            throw .proxy(variable: name, reason: error.reason)
        }
    }

    /// - Returns: `nil` where the request goes straight, and for what is not an http(s) address.
    package func proxy(for url: String) -> Proxy? {
        ResultURLPolicy.Origin(url).flatMap(proxy)
    }

    func proxy(for origin: ResultURLPolicy.Origin) -> Proxy? {
        let proxy = origin.scheme == "https" ? https : http
        return proxy.flatMap { exceptions.cover(host: origin.host, port: origin.port) ? nil : $0 }
    }
}
