/// Why a server could not start.
package enum ServerError: Error, Equatable, Sendable, CustomStringConvertible {
    case invalidSetting(String)
    /// Others than this machine could reach the server, and no key would be asked of them.
    case keyFileNeeded(host: String)
    /// Not there, not readable, or without a key in it.
    case keyFileUnusable(path: String, reason: String)
    case stateUnusable(path: String, reason: String)
    /// Another server works on it.
    case stateInUse(path: String)
    /// In use, not ours, or not ours to take.
    case cannotListen(host: String, port: Int, reason: String)

    package var description: String {
        switch self {
        case .invalidSetting(let problem): problem
        case .keyFileNeeded(let host):
            "`\(host)` can be reached from other machines, so keys are needed: give a file with `--api-key-file`, or listen on 127.0.0.1"
        case .keyFileUnusable(let path, let reason): "the key file `\(path)` cannot be used: \(reason)"
        case .stateUnusable(let path, let reason): "the state `\(path)` cannot be used: \(reason)"
        case .stateInUse(let path): "the state `\(path)` is in use by another server: give each its own with `--state`"
        case .cannotListen(let host, let port, let reason): "cannot listen on \(host):\(port): \(reason)"
        }
    }
}
