internal import AsyncHTTPClient
internal import Synchronization

/// A few HTTP clients, each for one way to a host: those in use, and those used last.
final class ClientCache: Sendable {
    enum Name: Hashable {
        /// A name that was resolved and checked.
        case host(String)
        /// A way that needs no resolving.
        case route(Route)
    }

    /// A client that stays open until it is given back.
    struct Lease {
        fileprivate let id: Int
        let http: HTTPClient
        let route: Route
        /// Addresses that the host has.
        let addresses: Int
    }

    private struct Entry {
        let http: HTTPClient
        let route: Route
        let addresses: [String]
        let resolved: ContinuousClock.Instant
        var used: ContinuousClock.Instant
        var users = 0
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// The entry that a new user gets; one that is not here goes when its last user goes.
        var current: [Name: Int] = [:]
        var lastID = 0
        var isShutDown = false

        mutating func lease(_ name: Name, _ now: ContinuousClock.Instant) -> Lease? {
            guard let id = current[name], var entry = entries[id] else { return nil }
            entry.users += 1
            entry.used = now
            entries[id] = entry
            return Lease(id: id, http: entry.http, route: entry.route, addresses: entry.addresses.count)
        }

        mutating func add(_ name: Name, _ entry: Entry) {
            lastID += 1
            entries[lastID] = entry
            current[name] = lastID
        }

        /// - Returns: The clients that nobody uses any more.
        mutating func retire(where isOver: (Name, Entry) -> Bool) -> [HTTPClient] {
            var closing: [HTTPClient] = []
            for (name, id) in current {
                guard let entry = entries[id], isOver(name, entry) else { continue }
                current[name] = nil
                guard entry.users == 0 else { continue }
                entries[id] = nil
                closing.append(entry.http)
            }
            return closing
        }

        /// Where the cache is full, retires the one that has been unused for longest; where all are in use, none.
        mutating func makeRoom() -> [HTTPClient] {
            guard current.count >= ClientCache.size else { return [] }
            let idle = current.compactMap { name, id in entries[id].map { (name: name, entry: $0) } }
                .filter { $0.entry.users == 0 }
            guard let oldest = idle.min(by: { $0.entry.used < $1.entry.used }) else { return [] }
            return retire { name, _ in name == oldest.name }
        }
    }

    static let size = 16
    /// How long an answer of the resolver is relied on, and an unused client kept.
    static let lifetime: Duration = .seconds(60)

    private let transport: Transport
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(transport: Transport, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        self.transport = transport
        self.now = now
    }

    /// - Returns: `nil` when there is none, or it was resolved too long ago.
    func lease(_ name: Name) async -> Lease? {
        let now = now()
        let (lease, closing) = state.withLock { state in
            let closing = state.retire { name, entry in
                if case .host = name, now - entry.resolved >= Self.lifetime { return true }
                return entry.users == 0 && now - entry.used >= Self.lifetime
            }
            return (state.lease(name, now), closing)
        }
        await close(closing)
        return lease
    }

    /// The client for a way that needs no resolving; `nil` after the end.
    func lease(_ route: Route) async -> Lease? {
        if let lease = await lease(.route(route)) { return lease }
        return await lease(.route(route), by: route, addresses: [])
    }

    /// The client for a host, pinned to the first of its addresses if it is not there (any more).
    /// - Parameter addresses: What the host was resolved to; all have been checked.
    /// - Returns: `nil` without an address, and after the end.
    func lease(host: String, addresses: [String]) async -> Lease? {
        guard let first = addresses.first else { return nil }
        return await lease(.host(host), by: .pinned(host: host, address: first), addresses: addresses)
    }

    private func lease(_ name: Name, by route: Route, addresses: [String]) async -> Lease? {
        let now = now()
        let (lease, closing) = state.withLock { state in
            var closing: [HTTPClient] = []
            if state.current[name] == nil, !state.isShutDown {
                closing = state.makeRoom()
                let http = transport.client(for: route)
                state.add(name, Entry(http: http, route: route, addresses: addresses, resolved: now, used: now))
            }
            return (state.lease(name, now), closing)
        }
        await close(closing)
        return lease
    }

    /// Lets the next user of a host get its next address, unless another has seen to that.
    func turn(_ host: String, from lease: Lease) async {
        let closing = state.withLock { state -> [HTTPClient] in
            guard state.current[.host(host)] == lease.id, let entry = state.entries[lease.id] else { return [] }
            let addresses = Array(entry.addresses.dropFirst() + entry.addresses.prefix(1))
            guard let first = addresses.first else { return [] }
            let closing = state.retire { name, _ in name == .host(host) }
            let route = Route.pinned(host: host, address: first)
            let http = transport.client(for: route)
            state.add(
                .host(host),
                Entry(http: http, route: route, addresses: addresses, resolved: entry.resolved, used: entry.used))
            return closing
        }
        await close(closing)
    }

    func giveBack(_ lease: Lease) async {
        let now = now()
        let closing = state.withLock { state -> [HTTPClient] in
            guard var entry = state.entries[lease.id] else { return [] }
            entry.users -= 1
            entry.used = now
            state.entries[lease.id] = entry
            guard entry.users == 0, !state.current.values.contains(lease.id) else { return [] }
            state.entries[lease.id] = nil
            return [entry.http]
        }
        await close(closing)
    }

    /// Closes all clients, used or not; there is none to be had after that.
    func shutdown() async {
        let closing = state.withLock { state in
            defer { state = State(isShutDown: true) }
            return state.entries.values.map(\.http)
        }
        await close(closing)
    }

    /// How many clients are open.
    var count: Int { state.withLock { $0.entries.count } }

    private func close(_ clients: [HTTPClient]) async {
        for client in clients { try? await client.shutdown() }
    }
}
