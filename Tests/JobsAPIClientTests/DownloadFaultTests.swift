import Foundation
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

/// What goes wrong on the way from a result's host, over real sockets.
struct DownloadFaultTests {
    enum End: Equatable, Sendable { case whole, transient, gone, unfetchable, blocked }

    private func end(_ failure: DownloadFailure?) -> End {
        switch failure {
        case nil: .whole
        case .transient: .transient
        case .gone: .gone
        case .unfetchable: .unfetchable
        case .blocked: .blocked
        }
    }

    private static let faults: [(what: String, answer: String, text: String, end: End)] = [
        ("whole", reply("200 OK", [], "picture"), "picture", .whole),
        ("without a byte", reply("200 OK"), "", .whole),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", "", .whole),
        ("HTML", reply("200 OK", ["Content-Type: text/html"], "<html>"), "<html>", .whole),
        ("206 unasked", reply("206 Partial", ["Content-Range: bytes 0-2/9"], "pic"), "pic", .whole),
        ("truncated", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\npict", "pict", .transient),
        ("length only", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "", .transient),
        ("length too short", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npicture", "pict", .whole),
        ("length twice", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 7\r\n\r\npicture", "", .transient),
        ("length negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\npicture", "", .transient),
        ("length over the limit", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\npicture", "", .unfetchable),
        (
            "chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npict\r\n3\r\nure\r\n0\r\n\r\n",
            "picture",
            .whole
        ),
        (
            "chunked, cut in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npict", "pict",
            .transient
        ),
        (
            "chunked, cut between chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npict\r\n", "pict",
            .transient
        ),
        (
            "chunked, no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\npict\r\n", "",
            .transient
        ),
        ("until closed", "HTTP/1.1 200 OK\r\n\r\npicture", "picture", .whole),
        ("closed at once", "", "", .transient),
        ("cut in the head", "HTTP/1.1 200 OK\r\nContent-Le", "", .transient),
        ("no HTTP", "220 ftp ready\r\n", "", .transient),
        ("403", reply("403 Forbidden", [], "<Error>"), "", .gone), ("404", reply("404 Not Found"), "", .gone),
        ("410", reply("410 Gone"), "", .gone), ("401", reply("401 Unauthorized"), "", .gone),
        ("429", reply("429 Slow Down", ["Retry-After: 3600"]), "", .transient),
        ("407", reply("407 Proxy", [], "who are you"), "", .transient),
        ("500", reply("500 Oops", [], "oops"), "", .transient),
        ("503", reply("503 No", ["Retry-After: 9"]), "", .transient),
        ("redirect without Location", reply("302 Found", [], "here"), "", .transient),
        ("redirect to an empty Location", reply("302 Found", ["Location: "]), "", .transient),
        ("redirect to itself", reply("302 Found", ["Location: /x", "Connection: close"]), "", .unfetchable),
        ("redirect to a private address", reply("302 Found", ["Location: http://10.0.0.1/x"]), "", .blocked),
        ("redirect to the metadata service", reply("302 Found", ["Location: //169.254.169.254/x"]), "", .blocked),
        ("redirect to a file", reply("302 Found", ["Location: file:///etc/passwd"]), "", .blocked),
        ("redirect to another scheme", reply("302 Found", ["Location: ftp://cdn.example/x"]), "", .blocked),
    ]

    @Test(arguments: faults)
    func `each fault of the wire has its end`(what: String, answer: String, text: String, end: End) async throws {
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send(answer)
        }
        try await withClient(server.url) { client in
            let outcome = await client.fetched(server.url + "/x")
            #expect(outcome.text == text && self.end(outcome.failure) == end, "\(what): \(outcome)")
        }
    }

    @Test func `a kept connection that brings more than it announced spoils no later download`() async throws {
        let server = ScriptedServer { connection in
            while connection.read() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npict" + reply("200 OK", [], "evil"))
            }
        }
        try await withClient(server.url) { client in
            for _ in 1...20 {
                let outcome = await client.fetched(server.url + "/x")
                #expect(outcome.text == "pict" || outcome.failure?.isTransient == true && outcome.text.isEmpty)
            }
        }
    }

    @Test func `at the limit the connection is cut, whatever is still to come`() async throws {
        let (ends, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            var sent = 0
            while connection.send(Data(repeating: 0x41, count: 65536)) { sent += 65536 }
            continuation.yield(sent)
        }
        try await withClient(server.url, maxImageBytes: 100_000) { client in
            let outcome = await client.fetched(server.url + "/x")
            #expect(end(outcome.failure) == .unfetchable && outcome.text.utf8.count <= 100_000)
            // What the kernels' buffers hold goes out besides.
            let sent = await ends.first { _ in true }
            #expect(sent.map { $0 < 64 << 20 } == true)
        }
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"])
    func `a body that drips is given up, since it would hold a place for ever`(start: String) async throws {
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send(start)
            connection.drip(0x41, every: 20_000)
        }
        try await withClient(server.url, timeout: shortTimeout) { client in
            // Without a floor it would go on for ever: no gap is as long as the timeout.
            let failure = await client.fetched(server.url).failure
            #expect(failure?.isTransient == true)
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nX: "])
    func `a head that drips is given up`(start: String) async throws {
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send(start)
            connection.drip(start.isEmpty ? 0x0D : 0x41, every: 20_000)
        }
        try await withClient(server.url, timeout: shortTimeout) { client in
            #expect(await client.fetched(server.url).failure?.isTransient == true)
        }
    }

    @Test func `a slow body that keeps coming takes as long as it takes`() async throws {
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 286720\r\n\r\n")
            // More than four times the timeout.
            for _ in 1...70 {
                connection.send(String(repeating: "a", count: 4096))
                usleep(100_000)
            }
        }
        try await withClient(server.url, timeout: shortTimeout) { client in
            // A loaded machine may let the reader itself stand still for so long; a limit to the whole time would end each.
            for _ in 1...4 {
                let outcome = await client.fetched(server.url)
                if outcome.failure == nil, outcome.text.utf8.count == 286_720 { return }
            }
            Issue.record("every transfer was ended")
        }
    }

    @Test func `progress counts in windows of waiting`() {
        var progress = JobsAPIClient.Progress(window: .seconds(10))
        // What came in the window before does not count.
        let pieces: [(bytes: Int, wait: Duration)] = [
            (1, .seconds(9)), (1023, .seconds(1)), (1_000_000, .seconds(9)), (0, .seconds(1)), (1000, .seconds(9)),
            (23, .seconds(2)),
        ]
        let going = pieces.map { progress.goesOn($0.bytes, after: $0.wait) }
        #expect(going == [true, true, true, true, true, false])
    }

    @Test func `a client that has ended downloads nothing`() async throws {
        let server = ScriptedServer(answering: { _ in reply("200 OK", [], "x") })
        let client = try JobsAPIClient(ClientSettings(baseURL: server.url, key: nil))
        await client.shutdown()
        #expect(await client.fetched(server.url).failure == .transient("the client has ended"))
        #expect(server.connections == 0)
    }
}
