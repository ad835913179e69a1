/// How the API is spoken to.
package struct ClientSettings: Sendable {
    /// With a scheme, without a slash at its end.
    package var baseURL: String
    package var key: APIKey?
    /// Silence after which a request counts as lost.
    package var timeout: Duration
    /// Sockets kept to one host, at least 1.
    package var connections: Int
    package var maxImageBytes: Int64

    package init(
        baseURL: String, key: APIKey?, timeout: Duration = .seconds(30), connections: Int = 16,
        maxImageBytes: Int64 = 64 << 20
    ) {
        self.baseURL = baseURL
        self.key = key
        self.timeout = timeout
        self.connections = connections
        self.maxImageBytes = maxImageBytes
    }
}
