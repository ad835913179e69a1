internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NightjarCore

/// A way to a host.
enum Route: Hashable, Sendable {
    /// Straight; the name is resolved while connecting.
    case direct
    /// Straight to an address that has been checked; TLS still verifies the name.
    case pinned(host: String, address: String)
    /// Through a proxy that is asked to connect (https): what it answers to that, it answers before a byte is sent on.
    case tunnel(Proxy)
    /// By a proxy that takes the whole request (http).
    case forwarded(Proxy)
}

extension ClientSettings {
    /// Looks whether a client could be made, without making one.
    /// - Throws: `ClientSettingsError.baseURL`, `.caFile`.
    package func check() throws(ClientSettingsError) {
        guard ResultURLPolicy.Origin(baseURL) != nil else { throw .baseURL(baseURL) }
        _ = try Transport(self)
    }
}

/// Makes HTTP clients for each way, all alike in time limits, certificates and caution.
struct Transport: Sendable {
    let timeout: Duration
    let connections: Int
    let proxies: ProxySettings
    private let tls: TLSConfiguration?

    /// - Throws: `ClientSettingsError.caFile`.
    init(_ settings: ClientSettings) throws(ClientSettingsError) {
        timeout = settings.timeout
        connections = settings.connections
        proxies = settings.proxies
        tls = try settings.caFile.map { path throws(ClientSettingsError) in try Self.trust(in: path) }
    }

    private static func trust(in path: String) throws(ClientSettingsError) -> TLSConfiguration {
        guard let pem = try? Data(contentsOf: URL(filePath: path)) else {
            throw .caFile(path, reason: "the file cannot be read")
        }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes([UInt8](pem)), !certificates.isEmpty else {
            throw .caFile(path, reason: "it holds no certificates in PEM")
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(certificates)
        return tls
    }

    func client(for route: Route) -> HTTPClient {
        HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration(for: route))
    }

    func configuration(for route: Route) -> HTTPClient.Configuration {
        let silence = TimeAmount(timeout)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // HTTP/2 would put all submissions on one connection: a lost one could not be cut off without the others.
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: min(silence, .seconds(10)), read: silence, write: silence)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
        // A socket that the server has closed meanwhile loses a submission's answer; many servers keep them for 5 s.
        configuration.connectionPool.idleTimeout = .seconds(4)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tlsConfiguration = tls
        var isForwarded = false
        switch route {
        case .direct: break
        case .pinned(let host, let address): configuration.dnsOverride = [host: address]
        case .tunnel(let proxy):
            configuration.proxy = .server(
                host: proxy.host, port: proxy.port,
                authorization: proxy.credentials.map { .basic(username: $0.user, password: $0.password) })
        case .forwarded: isForwarded = true
        }
        let userTimeout = Int(clamping: timeout.milliseconds)
        configuration.http1_1ConnectionDebugInitializer = { [isForwarded] channel in
            // Otherwise the kernel goes on delivering a submission minutes after it was given up.
            channel.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: userTimeout).flatMap {
                // And what is still in its buffer when a connection is closed is not to be delivered at all.
                (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                    ?? channel.eventLoop.makeSucceededVoidFuture()
            }.flatMap {
                isForwarded ? AbsoluteForm.add(to: channel) : channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        return configuration
    }

    // MARK: Requests

    func route(to origin: ResultURLPolicy.Origin) -> Route {
        guard let proxy = proxies.proxy(for: origin) else { return .direct }
        return origin.scheme == "https" ? .tunnel(proxy) : .forwarded(proxy)
    }

    /// A request that is to be sent by the client for `route`.
    /// - Parameter url: Absolute, http or https.
    func request(_ url: String, by route: Route) -> HTTPClientRequest {
        guard case .forwarded(let proxy) = route else { return HTTPClientRequest(url: url) }
        // Without a host in it this goes nowhere, which is better than straight.
        guard var parts = URLComponents(string: url), let host = parts.percentEncodedHost else {
            return HTTPClientRequest(url: "")
        }
        let authority = parts.port.map { "\(host):\($0)" } ?? host
        parts.scheme = "http"
        (parts.user, parts.password) = (nil, nil)
        parts.percentEncodedHost = proxy.host.contains(":") ? "[\(proxy.host)]" : proxy.host
        parts.port = proxy.port
        var request = HTTPClientRequest(url: parts.string ?? "")
        request.headers.add(name: "Host", value: authority)
        if let credentials = proxy.credentials {
            request.headers.add(name: "Proxy-Authorization", value: credentials.header)
        }
        return request
    }
}

/// Names the whole address in the request line, as a proxy wants it (RFC 9112 §3.2.2).
private final class AbsoluteForm: ChannelOutboundHandler, Sendable {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    /// Puts it just before what turns requests into bytes.
    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
            try pipeline.addHandler(AbsoluteForm(), position: .after(encoder))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let host = head.headers.first(name: "Host") else {
            context.write(data, promise: promise)
            return
        }
        head.uri = "http://\(host)\(head.uri)"
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .milliseconds(duration.milliseconds)
    }
}
