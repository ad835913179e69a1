import Foundation
import Glibc
import NightjarCore
import NightjarTestSupport
import Synchronization
import Testing

@testable import JobsAPIClient

struct ResultHostsTests {
    /// Names as a test has them, and a clock that it sets. All addresses pass but 127.0.0.66.
    private final class Names: Sendable {
        private let state: Mutex<(answers: [[String]], asked: [String], now: ContinuousClock.Instant)>

        /// - Parameter answers: One for each question; the last for all that follow.
        init(_ answers: [String]...) {
            state = Mutex((answers, [], .now))
        }

        var asked: [String] { state.withLock { $0.asked } }

        func pass(_ time: Duration) { state.withLock { $0.now += time } }

        var resolver: ResultHosts.Resolver {
            ResultHosts.Resolver(
                addresses: { name in
                    try self.state.withLock { state in
                        state.asked.append(name)
                        guard let first = state.answers.first else { throw SystemResolver.Failure(code: EAI_AGAIN) }
                        if state.answers.count > 1 { state.answers.removeFirst() }
                        return first
                    }
                },
                isPrivate: { $0 == "127.0.0.66" }, now: { self.state.withLock { $0.now } })
        }
    }

    private let server = ScriptedServer(answering: { reply("200 OK", [], "at \($0.target)") })

    /// On http, so that results may be, and on a host of its own.
    private var settings: ClientSettings { ClientSettings(baseURL: "http://api.example/v1", key: APIKey(testKey)) }

    @Test func `a name is resolved, and the connection goes to the address that was checked`() async throws {
        let names = Names(["127.0.0.1"])
        try await withClient(settings, resolver: names.resolver) { client in
            for _ in 1...3 {
                let outcome = await client.fetched("http://CDN.example:\(server.port)/x?y=%2F")
                #expect(outcome.text == "at /x?y=%2F" && outcome.failure == nil)
            }
        }
        #expect(names.asked == ["CDN.example"])
        #expect(server.requests.map { $0.header("host") } == Array(repeating: "CDN.example:\(server.port)", count: 3))
        #expect(server.requests.allSatisfy { $0.header("authorization") == nil })
    }

    @Test(arguments: [["127.0.0.66"], ["127.0.0.1", "127.0.0.66"], ["127.0.0.66", "127.0.0.1"]])
    func `a name with one private address among its own is refused`(addresses: [String]) async throws {
        let names = Names(addresses)
        try await withClient(settings, resolver: names.resolver) { client in
            let outcome = await client.fetched("http://cdn.example:\(server.port)/x")
            #expect(
                outcome.failure
                    == .blocked(
                        "the result's host `cdn.example` has a private address, `127.0.0.66`, "
                            + "and `result_hosts` does not name it"))
        }
        #expect(server.connections == 0)
    }

    @Test(arguments: [[], ["127.0.0.66"]], [testKey, testKey.uppercased()])
    func `a key in the name of a host is not told, however it is spelled`(addresses: [String], spelling: String)
        async throws
    {
        let names = addresses.isEmpty ? Names([]) : Names(addresses)
        let redirecting = ScriptedServer(answering: { request in
            reply("302 Found", ["Location: http://\(spelling).\(request.target.dropFirst())/x"])
        })
        var settings = settings
        settings.resultHosts = [try ResultHost("127.0.0.1:\(redirecting.port)")]
        try await withClient(settings, resolver: names.resolver) { client in
            for domain in ["example", "localhost"] {
                let failure = await client.fetched("http://127.0.0.1:\(redirecting.port)/\(domain)").failure
                let words = "\(try #require(failure))"
                #expect(words.contains("[key]"), "\(words)")
                #expect(!words.lowercased().contains("0123"), "\(words)")
            }
        }
    }

    @Test(arguments: [
        "127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "::", "fe80::1",
        "fe80::1%eth0", "fc00::1", "::ffff:10.0.0.1", "ff02::1", "64:ff9b::a00:1",
    ])
    func `private addresses are those that would be refused in a URL`(address: String) async throws {
        let resolver = ResultHosts.Resolver(addresses: { _ in ["8.8.8.8", address] })
        try await withClient(settings, resolver: resolver) { client in
            #expect(await client.fetched("http://cdn.example/x").failure?.isBlocked == true)
            #expect(await client.fetched("http://api.example.evil/x").failure?.isBlocked == true)
        }
    }

    @Test func `a name that comes to mean another host leads there only after it was checked anew`() async throws {
        let names = Names(["127.0.0.1"], ["127.0.0.66"])
        try await withClient(settings, resolver: names.resolver) { client in
            let url = "http://cdn.example:\(server.port)/x"
            #expect(await client.fetched(url).failure == nil)
            names.pass(.seconds(59))
            #expect(await client.fetched(url).failure == nil)
            #expect(names.asked.count == 1)
            names.pass(.seconds(1))
            #expect(await client.fetched(url).failure?.isBlocked == true)
            #expect(names.asked.count == 2)
        }
        #expect(server.requests.count == 2)
    }

    @Test func `a redirect is resolved and checked as the first address was`() async throws {
        let names = Names(["127.0.0.1"], ["127.0.0.66"])
        let redirecting = ScriptedServer(answering: { [port = server.port] _ in
            reply("302 Found", ["Location: http://inner.example:\(port)/x"])
        })
        try await withClient(settings, resolver: names.resolver) { client in
            let outcome = await client.fetched("http://cdn.example:\(redirecting.port)/x")
            #expect(outcome.failure?.isBlocked == true)
        }
        #expect(names.asked == ["cdn.example", "inner.example"])
        #expect(redirecting.requests.count == 1 && server.connections == 0)
    }

    @Test func `where nobody answers at one address, the next is tried and kept`() async throws {
        // Nobody listens at 127.0.0.2.
        let names = Names(["127.0.0.2", "127.0.0.1"])
        try await withClient(settings, resolver: names.resolver) { client in
            for _ in 1...2 {
                #expect(await client.fetched("http://cdn.example:\(server.port)/x").failure == nil)
            }
            #expect(client.hosts.count == 1)
        }
        #expect(names.asked.count == 1 && server.requests.count == 2)
    }

    @Test func `nobody at any address may go well another time`() async throws {
        let names = Names(["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"])
        try await withClient(settings, resolver: names.resolver) { client in
            let outcome = await client.fetched("http://cdn.example:\(server.port)/x")
            #expect(outcome.failure == .transient("connection refused"))
        }
    }

    @Test func `a name without an answer may go well another time`() async throws {
        let url = "http://cdn.example/x"
        try await withClient(settings, resolver: Names().resolver) { client in
            let unresolved = DownloadFailure.transient("the name `cdn.example` cannot be resolved")
            #expect(await client.fetched(url).failure == unresolved)
        }
        try await withClient(settings, resolver: Names([]).resolver) { client in
            let empty = DownloadFailure.transient("the name `cdn.example` has no address")
            #expect(await client.fetched(url).failure == empty)
        }
    }

    @Test func `no more than sixteen hosts are kept, and those that are idle go`() async throws {
        let names = Names(["127.0.0.1"])
        try await withClient(settings, resolver: names.resolver) { client in
            for number in 1...20 {
                names.pass(.milliseconds(1))
                #expect(await client.fetched("http://cdn\(number).example:\(server.port)/x").failure == nil)
            }
            #expect(client.hosts.count == 16)
            // The oldest went: asked for again.
            _ = await client.fetched("http://cdn20.example:\(server.port)/x")
            #expect(names.asked.count == 20)
            _ = await client.fetched("http://cdn1.example:\(server.port)/x")
            #expect(names.asked.count == 21)
            names.pass(.seconds(61))
            _ = await client.fetched("http://cdn1.example:\(server.port)/x")
            #expect(client.hosts.count == 1)
        }
        #expect(server.requests.count == 23)
    }

    @Test func `hosts in use stay open whatever comes`() async throws {
        let names = Names(["127.0.0.1"])
        let (reads, continuation) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        let waiting = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            continuation.yield()
            gate.wait()
            connection.send(reply("200 OK", [], "late"))
        }
        try await withClient(settings, resolver: names.resolver) { client in
            await withTaskGroup { group in
                for number in 1...20 {
                    group.addTask { await client.fetched("http://cdn\(number).example:\(waiting.port)/x") }
                }
                var count = 0
                for await _ in reads {
                    count += 1
                    if count == 20 { break }
                }
                names.pass(.seconds(61))
                _ = await client.fetched("http://other.example:\(server.port)/x")
                for _ in 1...20 { gate.signal() }
                for await outcome in group { #expect(outcome.text == "late" && outcome.failure == nil) }
            }
            #expect(client.hosts.count <= 16)
        }
    }

    @Test func `cancelling while a name is looked up ends the download`() async throws {
        let (asks, continuation) = AsyncStream.makeStream(of: Void.self)
        let resolver = ResultHosts.Resolver(addresses: { _ in
            continuation.yield()
            try await Task.sleep(for: .seconds(3600))
            return []
        })
        try await withClient(settings, resolver: resolver) { client in
            let transfer = Task { await client.fetched("http://cdn.example/x") }
            _ = await asks.first { true }
            transfer.cancel()
            #expect(await transfer.value.failure?.isTransient == true)
        }
    }

    // MARK: Names of this machine

    @Test func `the system resolves names, and numbers stay what they are`() async throws {
        let local = try await SystemResolver.addresses(of: "localhost")
        #expect(!local.isEmpty && local.allSatisfy { PrivateHost.isPrivate($0) })
        #expect(try await SystemResolver.addresses(of: "127.0.0.1") == ["127.0.0.1"])
        await #expect(throws: SystemResolver.Failure.self) {
            try await SystemResolver.addresses(of: "nonexistent.invalid")
        }
        let lookup = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await SystemResolver.addresses(of: "localhost")
        }
        _ = await lookup.result
    }

    @Test func `localhost is refused by its name, unless a person has named it`() async throws {
        var settings = ClientSettings(baseURL: "http://127.0.0.2", key: nil)
        let url = "http://localhost:\(server.port)/x"
        try await withClient(settings) { client in
            #expect(await client.fetched(url).failure?.isBlocked == true)
        }
        settings.resultHosts = [try ResultHost("localhost:\(server.port)")]
        try await withClient(settings) { client in
            #expect(await client.fetched(url).text == "at /x")
            #expect(await client.fetched("http://127.0.0.1:\(server.port)/x").failure?.isBlocked == true)
        }
        settings.baseURL = "http://localhost"
        settings.resultHosts = []
        try await withClient(settings) { client in #expect(await client.fetched(url).failure == nil) }
    }

    @Test func `this machine's own name is refused by its addresses`() async throws {
        var buffer = [CChar](repeating: 0, count: 256)
        #expect(gethostname(&buffer, buffer.count - 1) == 0)
        let name = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let addresses = (try? await SystemResolver.addresses(of: name)) ?? []
        guard addresses.contains(where: PrivateHost.isPrivate), !PrivateHost.isPrivate(name) else { return }
        try await withClient(settings) { client in
            let failure = await client.fetched("http://\(name):\(server.port)/x").failure
            #expect(failure?.isBlocked == true)
        }
        #expect(server.connections == 0)
    }
}
