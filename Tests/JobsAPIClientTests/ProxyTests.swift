import AsyncHTTPClient
import Foundation
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

private let accepted = reply("200 OK", [], #"{"id":"job-1"}"#)

struct ProxyTests {
    private func settings(_ base: String, _ proxy: ScriptedServer, noProxy: String = "") throws -> ClientSettings {
        let environment = ["all_proxy": "http://u:p@127.0.0.1:\(proxy.port)", "no_proxy": noProxy]
        return ClientSettings(
            baseURL: base, key: APIKey(testKey), proxies: try ProxySettings(environment: environment))
    }

    @Test func `a proxy gets the whole address of an http request`() async throws {
        let proxy = ScriptedServer(answering: { _ in accepted })
        try await withClient(settings("http://api.invalid:8080/v1", proxy)) { client in
            #expect(await client.submit(request(), idempotencyKey: "k") == .accepted(RemoteJobID("job-1")))
            _ = try? await client.jobs(after: RemoteJobID("a/b"))
        }
        #expect(
            proxy.requests.map(\.target) == [
                "http://api.invalid:8080/v1/jobs/images", "http://api.invalid:8080/v1/jobs?limit=1000&after=a%2Fb",
            ])
        for sent in proxy.requests {
            #expect(sent.header("host") == "api.invalid:8080")
            #expect(sent.header("proxy-authorization") == "Basic dTpw")
            #expect(sent.header("authorization") == "Bearer \(testKey)")
        }
        #expect(proxy.connections == 1)
    }

    @Test(arguments: [
        ("http://a.example/x?y=%2F", "http://127.0.0.1:8/x?y=%2F", "a.example"),
        ("http://[::1]:8080/x", "http://127.0.0.1:8/x", "[::1]:8080"),
        ("HTTP://u:p@A.example:80/", "http://127.0.0.1:8/", "A.example:80"), ("http://a", "http://127.0.0.1:8", "a"),
    ])
    func `an http request goes to the proxy in its host's name`(url: String, there: String, host: String) throws {
        let transport = try Transport(ClientSettings(baseURL: "http://api.example", key: nil))
        let request = transport.request(url, by: .forwarded(try Proxy("http://127.0.0.1:8")))
        #expect(request.url == there && "\(request.headers)".contains("Host: \(host)"))
        #expect(!"\(request.headers)".contains("Proxy-Authorization"))
        for route in [Route.direct, .tunnel(try Proxy("127.0.0.1:8")), .pinned(host: "a", address: "8.8.8.8")] {
            let other = transport.request(url, by: route)
            #expect(other.url == url && !"\(other.headers)".contains("Host"))
        }
        #expect(transport.request("http://[", by: .forwarded(try Proxy("p"))).url.isEmpty)
    }

    @Test(arguments: [(500, Loss.Kind.answered), (502, .answered), (503, .answered), (504, .gateway)])
    func `what a proxy answers to an http submission leaves its fate open`(status: Int, kind: Loss.Kind) async throws {
        let proxy = ScriptedServer(answering: { _ in reply("\(status) X") })
        try await withClient(settings("http://api.invalid", proxy)) { client in
            #expect(await client.submit(request(), idempotencyKey: "k").lossKind == kind)
        }
    }

    @Test func `a proxy that wants other credentials passes nothing on`() async throws {
        let proxy = ScriptedServer(answering: { _ in reply("407 Proxy Authentication Required") })
        let words = "the proxy asks for a user and a password"
        for base in ["http://api.invalid", "https://api.invalid"] {
            try await withClient(settings(base, proxy)) { client in
                #expect(await client.submit(request(), idempotencyKey: "k") == .notSent(words))
                await #expect(throws: RequestFailure.unavailable(words)) { try await client.job(RemoteJobID("j")) }
            }
        }
    }

    @Test(arguments: ["403 No", "404 No", "500 No", "502 Bad Gateway", "503 No", "504 Gateway Timeout", "302 Go"])
    func `a proxy that does not connect has sent nothing`(status: String) async throws {
        let proxy = ScriptedServer(answering: { _ in reply(status) })
        try await withClient(settings("https://api.invalid/v1", proxy)) { client in
            let answer = await client.submit(request(), idempotencyKey: "k")
            #expect(answer == .notSent("the proxy does not connect to the host"))
        }
        let sent = try #require(proxy.requests.first)
        #expect(sent.method == "CONNECT" && sent.target == "api.invalid:443")
        #expect(sent.header("proxy-authorization") == "Basic dTpw")
        #expect(sent.header("authorization") == nil && sent.body.isEmpty)
    }

    @Test func `a proxy that is silent, absent or breaks TLS off has sent nothing`() async throws {
        let silent = ScriptedServer {
            _ = $0.read()
            $0.waitForClose()
        }
        let breaking = ScriptedServer {
            _ = $0.read()
            $0.send("HTTP/1.1 200 OK\r\n\r\n")
        }
        let closing = ScriptedServer { _ = $0.read() }
        let resetting = ScriptedServer {
            _ = $0.read()
            $0.resetOnClose()
        }
        for proxy in [silent, breaking, closing, resetting] {
            var settings = try settings("https://api.invalid", proxy)
            settings.timeout = shortTimeout
            try await withClient(settings) { client in
                let answer = await client.submit(request(), idempotencyKey: "k")
                #expect(answer.isNotSent, "\(answer)")
            }
        }
        let environment = ["all_proxy": "http://127.0.0.1:\(ScriptedServer.closedPort())"]
        for base in ["http://api.invalid", "https://api.invalid"] {
            let settings = ClientSettings(
                baseURL: base, key: nil, proxies: try ProxySettings(environment: environment))
            try await withClient(settings) { client in
                #expect(await client.submit(request(), idempotencyKey: "k").isNotSent)
            }
        }
    }

    @Test func `a proxy that closes over an http submission: lost`() async throws {
        let proxy = ScriptedServer { _ = $0.read() }
        try await withClient(settings("http://api.invalid", proxy)) { client in
            #expect(await client.submit(request(), idempotencyKey: "k").lossKind == .closed)
        }
        #expect(proxy.requests.count == 1)
    }

    @Test func `results come through the proxy too, judged by their spelling`() async throws {
        let proxy = ScriptedServer(answering: { reply("200 OK", [], "by proxy \($0.target)") })
        let resolver = ResultHosts.Resolver(addresses: { name in
            Issue.record("`\(name)` was resolved")
            return ["127.0.0.1"]
        })
        try await withClient(settings("http://api.invalid", proxy), resolver: resolver) { client in
            let url = "http://user:pass@cdn.invalid:81/a%2Fb.png?sig=1%2B2&x#y"
            #expect(await client.fetched(url).text == "by proxy http://cdn.invalid:81/a%2Fb.png?sig=1%2B2&x")
            for host in ["127.0.0.1:\(proxy.port)", "10.0.0.1", "localhost", "[::1]", "169.254.169.254"] {
                #expect(await client.fetched("http://\(host)/x").failure?.isBlocked == true)
            }
            _ = await client.fetched("http://api.invalid/own")
        }
        #expect(proxy.requests.map { $0.header("authorization") } == [nil, "Bearer \(testKey)"])
        #expect(proxy.requests.allSatisfy { $0.header("proxy-authorization") == "Basic dTpw" })
    }

    @Test func `an excepted host is spoken to straight, its names resolved here`() async throws {
        let proxy = ScriptedServer(answering: { _ in reply("200 OK", [], "by proxy") })
        let server = ScriptedServer(answering: { $0.method == "POST" ? accepted : reply("200 OK", [], "straight") })
        let resolver = ResultHosts.Resolver(addresses: { _ in ["127.0.0.1"] }, isPrivate: { _ in false })
        let settings = try settings(server.url, proxy, noProxy: "127.0.0.1,cdn.example")
        try await withClient(settings, resolver: resolver) { client in
            #expect(await client.submit(request(), idempotencyKey: "k") == .accepted(RemoteJobID("job-1")))
            #expect(await client.fetched("http://cdn.example:\(server.port)/x").text == "straight")
            #expect(await client.fetched("http://other.example:\(server.port)/x").text == "by proxy")
        }
        #expect(server.requests.map(\.target) == ["/jobs/images", "/x"])
        #expect(server.requests.allSatisfy { $0.header("proxy-authorization") == nil })
        #expect(proxy.requests.count == 1)
    }
}
