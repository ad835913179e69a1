import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

private func accepted(_ id: String) -> String { reply("200 OK", [], #"{"id":"\#(id)"}"#) }

struct ConnectionTests {
    @Test func `a kept connection that closes over the next submission: lost, and not repeated`() async throws {
        let server = ScriptedServer { connection in
            guard connection.read() != nil else { return }
            connection.send(accepted("job-1"))
            _ = connection.read()
        }
        try await withClient(server.url) { client in
            #expect(await client.submit(request(), idempotencyKey: "1") == .accepted(RemoteJobID("job-1")))
            #expect(await client.submit(request(), idempotencyKey: "2").isLost)
        }
        #expect(server.requests.map { $0.header("idempotency-key") } == ["1", "2"])
        #expect(server.connections == 1)
    }

    @Test(arguments: [false, true])
    func `a kept connection that the server has closed tells the truth`(isReset: Bool) async throws {
        let server = ScriptedServer { connection in
            guard let request = connection.read() else { return }
            if isReset { connection.resetOnClose() }
            connection.send(accepted(request.header("idempotency-key") ?? ""))
        }
        var answers: [String: SubmissionAnswer] = [:]
        try await withClient(server.url) { client in
            for number in 1...200 {
                answers["\(number)"] = await client.submit(request(), idempotencyKey: "\(number)")
            }
        }
        let seen = Dictionary(grouping: server.requests) { $0.header("idempotency-key") ?? "" }
        for (key, answer) in answers {
            let times = seen[key]?.count ?? 0
            #expect(times <= 1, "\(key) was sent \(times) times")
            switch answer {
            case .accepted(let id): #expect(id.rawValue == key && times == 1)
            case .notSent: #expect(times == 0, "\(key) was sent")
            default: #expect(answer.isLost)
            }
        }
    }

    @Test func `two hundred submissions share a few connections`() async throws {
        let server = ScriptedServer(answering: { accepted($0.header("idempotency-key") ?? "") })
        try await withClient(server.url) { client in
            await withTaskGroup { group in
                for number in 1...200 {
                    group.addTask {
                        let answer = await client.submit(request(), idempotencyKey: "\(number)")
                        #expect(answer == .accepted(RemoteJobID("\(number)")))
                    }
                }
            }
        }
        #expect(server.requests.count == 200)
        #expect(Set(server.requests.map { $0.header("idempotency-key") }).count == 200)
        #expect(server.connections <= 16)
    }

    @Test func `cancelling ends a submission at once, as lost`() async throws {
        let (reads, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = ScriptedServer { connection in
            _ = connection.read()
            continuation.yield()
            connection.waitForClose()
        }
        try await withClient(server.url, timeout: .seconds(60)) { client in
            let submission = Task { await client.submit(request(), idempotencyKey: "k") }
            _ = await reads.first { true }
            let begin = ContinuousClock.now
            submission.cancel()
            #expect(await submission.value == .lost(Loss(.interrupted, "cancelled")))
            #expect(ContinuousClock.now - begin < .seconds(30))
        }
        #expect(server.requests.count == 1)
    }

    @Test func `cancelling ends a body that drips`() async throws {
        let (reads, continuation) = AsyncStream.makeStream(of: Void.self)
        let server = ScriptedServer { connection in
            _ = connection.read()
            connection.send("HTTP/1.1 200 OK\r\n\r\n ")
            continuation.yield()
            connection.drip(0x20, every: 20_000)
        }
        try await withClient(server.url, timeout: .seconds(60)) { client in
            let lookup = Task { try await client.job(RemoteJobID("j")) }
            _ = await reads.first { true }
            let begin = ContinuousClock.now
            lookup.cancel()
            await #expect(throws: RequestFailure.unavailable("cancelled")) { try await lookup.value }
            #expect(ContinuousClock.now - begin < .seconds(30))
        }
    }

    @Test func `a submission cancelled beforehand is not sent as two`() async throws {
        let server = ScriptedServer(answering: { _ in accepted("job-1") })
        try await withClient(server.url) { client in
            let submission = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await client.submit(request(), idempotencyKey: "k")
            }
            let answer = await submission.value
            #expect(answer.isLost || answer == .accepted(RemoteJobID("job-1")))
        }
        #expect(server.requests.count <= 1)
    }

    @Test func `the kernel gives up when we do, and delivers nothing after that`() async throws {
        let server = ScriptedServer(answering: { _ in accepted("job-1") })
        try await withClient(server.url, timeout: .milliseconds(12_345)) { client in
            _ = await client.submit(request(), idempotencyKey: "k")
            let socket = try #require(socketConnected(to: server.port))
            var timeout = UInt32(0)
            var length = socklen_t(MemoryLayout<UInt32>.size)
            #expect(getsockopt(socket, CInt(IPPROTO_TCP), TCP_USER_TIMEOUT, &timeout, &length) == 0)
            #expect(timeout == 12_345)
            var setting = linger()
            length = socklen_t(MemoryLayout<linger>.size)
            #expect(getsockopt(socket, SOL_SOCKET, SO_LINGER, &setting, &length) == 0)
            #expect(setting.l_onoff != 0 && setting.l_linger == 0)
        }
    }

    /// One of this process's sockets.
    private func socketConnected(to port: Int) -> CInt? {
        (0..<4096).first { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
            }
            return result == 0 && address.sin_family == sa_family_t(AF_INET)
                && Int(UInt16(bigEndian: address.sin_port)) == port
        }
    }

    @Test func `requests stay apart: no HTTP/2, no redirect, no second try of a connection`() throws {
        let transport = try Transport(ClientSettings(baseURL: "https://api.example", key: nil))
        for route in [Route.direct, .pinned(host: "a", address: "8.8.8.8")] {
            let configuration = transport.configuration(for: route)
            #expect(configuration.httpVersion == .http1Only)
            #expect(configuration.connectionPool.retryConnectionEstablishment == false)
        }
    }

    @Test func `only errors of connecting can mean that nothing was sent`() {
        let connecting: [any Error] = [
            IOError(errnoCode: ECONNREFUSED, reason: "connect"), NIOSSLError.handshakeFailed(.noError),
            NIOSSLExtraError.failedToValidateHostname, HTTPClientError.connectTimeout,
            HTTPClientError.tlsHandshakeTimeout, HTTPClientError.getConnectionFromPoolTimeout,
            HTTPClientError.invalidProxyResponse, HTTPClientError.proxyAuthenticationRequired,
            HTTPClientError.httpProxyHandshakeTimeout,
        ]
        for error in connecting { #expect(TransportError.isOfConnecting(error), "\(error)") }
        let others: [any Error] = [
            HTTPClientError.remoteConnectionClosed, HTTPClientError.readTimeout, HTTPClientError.writeTimeout,
            HTTPClientError.deadlineExceeded, HTTPClientError.cancelled, HTTPClientError.requestStreamCancelled,
            HTTPClientError.bodyLengthMismatch, CancellationError(), ChannelError.ioOnClosedChannel, ChannelError.eof,
            NIOTooManyBytesError(maxBytes: 1),
        ]
        for error in others { #expect(!TransportError.isOfConnecting(error), "\(error)") }
    }

    @Test(
        arguments: [
            (HTTPClientError.readTimeout, Loss.Kind.silent), (HTTPClientError.writeTimeout, .silent),
            (HTTPClientError.deadlineExceeded, .silent), (HTTPClientError.remoteConnectionClosed, .closed),
            (HTTPClientError.cancelled, .interrupted), (CancellationError(), .interrupted),
            (IOError(errnoCode: ECONNRESET, reason: "read"), .closed), (ChannelError.eof, .closed),
            (IOError(errnoCode: EPIPE, reason: "write"), .closed),
            (IOError(errnoCode: ETIMEDOUT, reason: "read"), .silent),
            (IOError(errnoCode: EHOSTUNREACH, reason: "read"), .silent),
            (NIOTooManyBytesError(maxBytes: 1), .unreadable),
        ] as [(any Error, Loss.Kind)])
    func `a loss is told by its error`(error: any Error, kind: Loss.Kind) {
        #expect(TransportError.kindOfLoss(error) == kind)
    }

    @Test func `a body knows when its bytes are taken`() {
        let body = TrackedBody(Data("abc".utf8))
        #expect(body.count == 3 && !body.mark.isTaken)
        let call = HTTPClientRequest.Body.bytes(body, length: .known(Int64(body.count)))
        #expect(!body.mark.isTaken)
        withExtendedLifetime(call) {}
        #expect(ByteBuffer(bytes: body) == ByteBuffer(string: "abc"))
        #expect(body.mark.isTaken)
        let other = TrackedBody(Data("abc".utf8))
        #expect(Array(other.reversed()) == Array("cba".utf8))
        #expect(other.mark.isTaken)
    }
}
