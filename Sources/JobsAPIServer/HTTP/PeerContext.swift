import Hummingbird
import NIOCore

/// Who is at the other end of a request.
struct PeerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    private let address: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        address = source.channel.remoteAddress
    }

    /// Whether the connection comes from this machine.
    var isLoopback: Bool {
        guard let ip = address?.ipAddress else { return false }
        return ip.hasPrefix("127.") || ip == "::1" || ip.hasPrefix("::ffff:127.")
    }
}
