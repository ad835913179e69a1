import Foundation
import NightjarCore
import NightjarTestSupport
import Synchronization
import Testing

@testable import JobsAPIClient

struct DownloadTests {
    private let picture = String(repeating: "picture!", count: 20_000)

    /// What was received, and how it ended.
    private func download(
        _ url: String, base: String, timeout: Duration = .seconds(20), maxImageBytes: Int64 = 1 << 20
    ) async throws -> (text: String, failure: DownloadFailure?) {
        let received = Mutex(Data())
        let failure: DownloadFailure? = try await withClient(base, timeout: timeout, maxImageBytes: maxImageBytes) {
            client in
            do {
                try await client.download(url) { bytes in received.withLock { $0 += Data(bytes) } }
                return nil
            } catch let failure as DownloadFailure {
                return failure
            }
        }
        return (received.withLock { String(decoding: $0, as: UTF8.self) }, failure)
    }

    /// One download from a server that answers with `text` and closes.
    private func download(answer text: String, timeout: Duration = .seconds(20), maxImageBytes: Int64 = 1 << 20)
        async throws -> (text: String, failure: DownloadFailure?)
    {
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send(text)
        }
        return try await download(
            server.url + "/x", base: server.url, timeout: timeout, maxImageBytes: maxImageBytes)
    }

    private func isTransient(_ failure: DownloadFailure?) -> Bool {
        if case .transient = failure { true } else { false }
    }
    private func isTooLarge(_ failure: DownloadFailure?) -> Bool {
        if case .unfetchable = failure { true } else { false }
    }
    private func isBlocked(_ failure: DownloadFailure?) -> Bool { if case .blocked = failure { true } else { false } }

    @Test func `a file is received whole and in order`() async throws {
        let announced = try await download(answer: reply("200 OK", [], picture))
        #expect(announced.text == picture && announced.failure == nil)
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3;x=y\r\nefg\r\n0\r\n\r\n"
        let chunked = try await download(answer: chunks)
        #expect(chunked.text == "abcdefg" && chunked.failure == nil)
        let untilClose = try await download(answer: "HTTP/1.1 200 OK\r\n\r\n" + picture)
        #expect(untilClose.text == picture && untilClose.failure == nil)
        let empty = try await download(answer: reply("200 OK"))
        #expect(empty.text.isEmpty && empty.failure == nil)
    }

    @Test func `the key goes to the API's own origin only`() async throws {
        let api = ScriptedServer(answering: { _ in reply("200 OK", [], "own") })
        let other = ScriptedServer(answering: { _ in reply("200 OK", [], "other") })
        let own = try await download(api.url + "/files/a%2Fb.png?sig=1%2B2&x#y", base: api.url + "/v1")
        #expect(own.text == "own")
        let loud = try await download("HTTP://127.0.0.1:\(api.port)/B", base: api.url)
        #expect(loud.text == "own" && loud.failure == nil)
        let foreign = try await download(other.url + "/c", base: api.url)
        #expect(foreign.text == "other")
        #expect(api.requests.map(\.target) == ["/files/a%2Fb.png?sig=1%2B2&x", "/B"])
        #expect(api.requests.allSatisfy { $0.header("authorization") == "Bearer \(testKey)" })
        #expect(other.requests.count == 1)
        #expect(other.requests.first?.header("authorization") == nil)
    }

    @Test func `a redirect away from the API takes no key along, and one back brings it again`() async throws {
        let api = ScriptedServer(answering: { request in
            request.target == "/end"
                ? reply("200 OK", [], "end") : reply("302 Found", ["Location: \(request.target.dropFirst())"])
        })
        let other = ScriptedServer(answering: { [url = api.url] _ in reply("307 Temporary", ["Location: \(url)/end"]) })
        let outcome = try await download(api.url + "/" + other.url + "/x", base: api.url)
        #expect(outcome.text == "end" && outcome.failure == nil)
        #expect(other.requests.map(\.target) == ["/x"])
        #expect(other.requests.allSatisfy { $0.header("authorization") == nil })
        #expect(api.requests.count == 2)
        #expect(api.requests.allSatisfy { $0.header("authorization") == "Bearer \(testKey)" })
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `up to five redirects are followed`(status: Int) async throws {
        // `/5` leads to `/4`, and so on to `/0`.
        let server = ScriptedServer(answering: { request in
            guard let left = Int(request.target.dropFirst(3)), left > 0 else { return reply("200 OK", [], "end") }
            return reply("\(status) Go", ["Location: ../d/\(left - 1)"], "ignored")
        })
        let five = try await download(server.url + "/d/5", base: server.url)
        #expect(five.text == "end" && five.failure == nil)
        let six = try await download(server.url + "/d/6", base: server.url)
        #expect(six.text.isEmpty)
        #expect(six.failure == .unfetchable("more than 5 redirects"))
        #expect(server.requests.count == 12)
    }

    @Test func `a redirect loop ends`() async throws {
        let server = ScriptedServer(answering: { reply("302 Found", ["Location: \($0.target)"]) })
        #expect(
            try await download(server.url + "/x", base: server.url).failure == .unfetchable("more than 5 redirects"))
        #expect(server.requests.count == 6)
    }

    @Test(arguments: [
        "http://127.0.0.2:1/x", "http://localhost:1/x", "http://[::1]:1/x", "http://10.0.0.1/x", "http://0x7f.2/x",
        "http://169.254.169.254/latest/meta-data", "ftp://127.0.0.1/x", "file:///etc/passwd", "//localhost/x",
        "http://8.8.8.8:70000/x", "gopher://x", "unix:///x", "http+unix://%2Fx/y",
    ])
    func `a redirect leads nowhere that the first address might not`(location: String) async throws {
        let redirecting = try await download(answer: reply("302 Found", ["Location: \(location)"]))
        #expect(isBlocked(redirecting.failure), "\(redirecting)")
        if !location.hasPrefix("//") {
            let server = ScriptedServer { _ in }
            #expect(isBlocked(try await download(location, base: server.url).failure))
        }
    }

    @Test func `a redirect without an address is transient`() async throws {
        #expect(isTransient(try await download(answer: reply("302 Found")).failure))
        for status in ["300 Choices", "304 Not Modified", "305 Use Proxy"] {
            #expect(isTransient(try await download(answer: reply(status, ["Location: /y"])).failure))
        }
    }

    @Test(arguments: [401, 403, 404, 410])
    func `an expired address is gone`(status: Int) async throws {
        let outcome = try await download(answer: reply("\(status) X", [], "not a picture"))
        #expect(outcome.failure == .gone("the result's address answered \(status)"))
        #expect(outcome.text.isEmpty)
    }

    @Test(arguments: [400, 408, 416, 425, 429, 500, 502, 503, 504, 522])
    func `other answers may go well another time`(status: Int) async throws {
        let outcome = try await download(answer: reply("\(status) X", [], "not a picture"))
        #expect(outcome.failure == .transient("the result's address answered \(status)"))
        #expect(outcome.text.isEmpty)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n12345", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n12345",
        "SSH-2.0\r\n",
    ])
    func `what breaks off may go well another time`(text: String) async throws {
        #expect(isTransient(try await download(answer: text).failure))
    }

    @Test func `no connection may go well another time`() async throws {
        let url = "http://127.0.0.1:\(ScriptedServer.closedPort())"
        #expect(try await download(url, base: url).failure == .transient("connection refused"))
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"])
    func `a stall may go well another time`(start: String) async throws {
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send(start)
            connection.waitForClose()
        }
        let outcome = try await download(server.url, base: server.url, timeout: shortTimeout)
        #expect(outcome.failure == .transient("no answer in time"))
    }

    @Test func `a file over the limit is not received`() async throws {
        let announced = try await download(answer: reply("200 OK", [], picture), maxImageBytes: 159_999)
        #expect(isTooLarge(announced.failure) && announced.text.isEmpty)
        let exact = try await download(answer: reply("200 OK", [], picture), maxImageBytes: 160_000)
        #expect(exact.failure == nil)
        let silentSize = try await download(answer: "HTTP/1.1 200 OK\r\n\r\n" + picture, maxImageBytes: 1000)
        #expect(isTooLarge(silentSize.failure) && silentSize.text.utf8.count <= 1000)
        let chunks =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: "5\r\n12345\r\n", count: 300)
        let chunked = try await download(answer: chunks + "0\r\n\r\n", maxImageBytes: 1000)
        #expect(isTooLarge(chunked.failure) && chunked.text.utf8.count <= 1000)
        let absurd = try await download(answer: "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc")
        #expect(isTooLarge(absurd.failure))
    }

    @Test func `an endless file ends at the limit`() async throws {
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send(Data(repeating: 0x41, count: 65536)) {}
        }
        let outcome = try await download(server.url, base: server.url)
        #expect(isTooLarge(outcome.failure))
        #expect(outcome.text.utf8.count <= 1 << 20)
    }

    private struct DiskFull: Error, Equatable {}

    @Test func `the receiver's error is thrown on, and ends the transfer`() async throws {
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send(Data(repeating: 0x41, count: 65536)) {}
        }
        try await withClient(server.url, maxImageBytes: .max) { client in
            await #expect(throws: DiskFull()) {
                try await client.download(server.url) { _ in throw DiskFull() }
            }
        }
    }

    @Test func `cancelling ends a download at once`() async throws {
        let (reads, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
            continuation.yield()
            connection.waitForClose()
        }
        try await withClient(server.url, timeout: .seconds(60)) { client in
            let transfer = Task { try await client.download(server.url) { _ in } }
            _ = await reads.first { true }
            let begin = ContinuousClock.now
            transfer.cancel()
            await #expect(throws: (any Error).self) { try await transfer.value }
            #expect(ContinuousClock.now - begin < .seconds(30))
        }
    }
}
