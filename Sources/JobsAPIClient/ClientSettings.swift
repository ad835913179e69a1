/// How the API is spoken to.
package struct ClientSettings: Sendable {
    /// With a scheme, without a slash at its end.
    package var baseURL: String
    package var key: APIKey?
    /// Looks the key up again, for a run that waits until another one is there; `nil` where it stays.
    package var readKey: (@Sendable () -> APIKey?)?
    /// Silence after which a request counts as lost.
    package var timeout: Duration
    /// Sockets kept to one host, at least 1.
    package var connections: Int
    package var maxImageBytes: Int64
    /// A file of certificates (PEM), trusted instead of the system's, as curl's `--cacert`: for the API, for the hosts of
    /// results, and behind a proxy alike.
    package var caFile: String?
    package var proxies: ProxySettings
    /// Private hosts that results may come from, besides the API's own.
    package var resultHosts: [ResultHost]

    package init(
        baseURL: String, key: APIKey?, timeout: Duration = .seconds(30), connections: Int = 16,
        maxImageBytes: Int64 = 64 << 20, caFile: String? = nil, proxies: ProxySettings = .none,
        resultHosts: [ResultHost] = []
    ) {
        self.baseURL = baseURL
        self.key = key
        self.timeout = timeout
        self.connections = connections
        self.maxImageBytes = maxImageBytes
        self.caFile = caFile
        self.proxies = proxies
        self.resultHosts = resultHosts
    }
}

/// What is wrong with the settings of a client. The words are for people, and hold no credentials.
package enum ClientSettingsError: Error, Equatable, CustomStringConvertible {
    case baseURL(String)
    case caFile(String, reason: String)
    /// The text that should have been a host.
    case resultHost(String)
    /// The name of the environment variable; its value may hold a password.
    case proxy(variable: String, reason: String)

    package var description: String {
        switch self {
        case .baseURL(let text):
            "`\(text)` is not an address of a Jobs API; write one such as `https://api.example/v1`"
        case .caFile(let path, let reason): "the certificates in `\(path)` cannot be used: \(reason)"
        case .resultHost(let text):
            "`\(text)` is not a host; write a name or an address, with a port or without, such as `nas.local:9000`"
        case .proxy(let variable, let reason):
            "`\(variable)` is not the address of a proxy: \(reason); write `\(variable)=http://HOST:PORT`"
        }
    }
}
