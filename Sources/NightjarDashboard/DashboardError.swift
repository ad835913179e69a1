/// Why the page is not served.
package enum DashboardError: Error, Equatable, Sendable, CustomStringConvertible {
    /// In use, not ours, or not ours to take.
    case cannotListen(host: String, port: Int, reason: String)

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "the web page cannot be served at \(host.contains(":") ? "[\(host)]" : host):\(port): \(reason); "
                + "give it another place with `http:`"
        }
    }
}
