internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NightjarCore

/// The way to each host that results come from.
///
/// A name is resolved here, all its addresses are checked, and the connection goes to one of just these: what the name
/// resolves to a moment later leads nowhere else. A host that is trusted, and one that a proxy is asked for (which resolves
/// names by itself), is judged by its spelling alone.
final class ResultHosts: Sendable {
    /// How names are looked up and addresses judged.
    struct Resolver: Sendable {
        /// From a name to its addresses in numbers.
        var addresses: @Sendable (_ name: String) async throws -> [String] = SystemResolver.addresses
        var isPrivate: @Sendable (_ address: String) -> Bool = PrivateHost.isPrivate
        /// For the age of what was resolved.
        var now: @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    }

    /// A client for one request, with what the request must know.
    struct Visit {
        let http: HTTPClient
        let route: Route
        /// It goes to the API's own origin.
        let sendsKey: Bool
    }

    /// Thrown by a visit that found nobody at the address: another address of the host is tried.
    struct NotConnected: Error {
        var words: String
    }

    private let policy: ResultURLPolicy
    private let transport: Transport
    private let resolver: Resolver
    private let clients: ClientCache

    private static let ended = DownloadFailure.transient("the client has ended")
    /// Addresses of one host that are tried in a row.
    private static let addressesTried = 3

    init(policy: ResultURLPolicy, transport: Transport, resolver: Resolver = Resolver()) {
        self.policy = policy
        self.transport = transport
        self.resolver = resolver
        clients = ClientCache(transport: transport, now: resolver.now)
    }

    func shutdown() async {
        await clients.shutdown()
    }

    /// How many clients are open.
    var count: Int { clients.count }

    /// Runs `body` with a client that goes where `url` may lead.
    /// - Throws: `DownloadFailure.blocked` where it may lead nowhere, `.transient` where nobody is reached, and what `body`
    ///   throws.
    func visit<Value>(_ url: String, _ body: (Visit) async throws -> Value) async throws -> Value {
        let sendsKey: Bool
        switch policy.judge(url) {
        case .blocked(let reason): throw DownloadFailure.blocked(reason)
        case .allowed(let sends): sendsKey = sends
        }
        var tries = 0
        while true {
            let (lease, host) = try await lease(url)
            tries += 1
            do {
                let value = try await body(Visit(http: lease.http, route: lease.route, sendsKey: sendsKey))
                await clients.giveBack(lease)
                return value
            } catch let error as NotConnected {
                if let host { await clients.turn(host, from: lease) }
                await clients.giveBack(lease)
                guard tries < min(lease.addresses, Self.addressesTried) else {
                    throw DownloadFailure.transient(error.words)
                }
            } catch {
                await clients.giveBack(lease)
                throw error
            }
        }
    }

    /// - Returns: Also the host, if it was resolved.
    private func lease(_ url: String) async throws(DownloadFailure) -> (ClientCache.Lease, host: String?) {
        // As the HTTP client spells it, or the address that was checked would not be taken for its name.
        guard let origin = ResultURLPolicy.Origin(url), let host = URL(string: url)?.host else {
            throw .blocked("the result's address is not http or https")
        }
        let route = transport.route(to: origin)
        let isAddress = host.hasPrefix("[") || (try? SocketAddress(ipAddress: host, port: origin.port)) != nil
        if route != .direct || isAddress || policy.isTrusted(origin) {
            guard let lease = await clients.lease(route) else { throw Self.ended }
            return (lease, nil)
        }
        if let lease = await clients.lease(.host(host)) { return (lease, host) }
        let addresses = try await checkedAddresses(of: host)
        guard !addresses.isEmpty else { throw .transient("the name `\(host)` has no address") }
        guard let lease = await clients.lease(host: host, addresses: addresses) else { throw Self.ended }
        return (lease, host)
    }

    private func checkedAddresses(of host: String) async throws(DownloadFailure) -> [String] {
        let addresses: [String]
        do {
            addresses = try await resolver.addresses(host)
        } catch {
            throw .transient("the name `\(host)` cannot be resolved")
        }
        if let address = addresses.first(where: resolver.isPrivate) {
            throw .blocked(
                "the result's host `\(host)` has a private address, `\(address)`, and `result_hosts` does not name it")
        }
        return addresses
    }
}
