import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NightjarCore
import NightjarTestSupport
import Testing

@testable import JobsAPIClient

private let accepted = reply("200 OK", [], #"{"id":"job-1"}"#)

@Suite(.enabled(if: Authority.isPossible, "needs openssl"))
struct CertificateTests {
    @Test func `a server is trusted by the certificates in the file, and by no others`() async throws {
        let (own, other) = (try await Authority(), try await Authority())
        try await own.serve(accepted) { port in
            var settings = ClientSettings(baseURL: "https://127.0.0.1:\(port)/v1", key: nil, timeout: .seconds(5))
            for file in [nil, other.file, own.file] {
                settings.caFile = file
                let answer = try await withClient(settings) { await $0.submit(request(), idempotencyKey: "k") }
                if file == own.file {
                    #expect(answer == .accepted(RemoteJobID("job-1")))
                } else {
                    #expect(answer.isNotSent, "\(answer)")
                }
            }
        }
    }

    @Test func `a server with another name is not trusted`() async throws {
        let authority = try await Authority(names: "DNS:api.test")
        try await authority.serve(accepted) { port in
            let settings = ClientSettings(
                baseURL: "https://127.0.0.1:\(port)", key: nil, timeout: .seconds(5), caFile: authority.file)
            try await withClient(settings) { client in
                #expect(await client.submit(request(), idempotencyKey: "k").isNotSent)
            }
        }
    }

    @Test func `a result's host is trusted by its name, not by the address that it was resolved to`() async throws {
        let authority = try await Authority(names: "DNS:cdn.test")
        let resolver = ResultHosts.Resolver(addresses: { _ in ["127.0.0.1"] }, isPrivate: { _ in false })
        try await authority.serve(reply("200 OK", [], "picture")) { port in
            let settings = ClientSettings(
                baseURL: "https://api.test", key: nil, timeout: .seconds(5), caFile: authority.file)
            try await withClient(settings, resolver: resolver) { client in
                #expect(await client.fetched("https://cdn.test:\(port)/x").text == "picture")
                #expect(await client.fetched("https://evil.test:\(port)/x").failure?.isTransient == true)
            }
        }
    }

    @Test func `a redirect from https to http is not followed`() async throws {
        let authority = try await Authority(names: "DNS:cdn.test")
        let plain = ScriptedServer(answering: { _ in reply("200 OK", [], "plain") })
        let resolver = ResultHosts.Resolver(addresses: { _ in ["127.0.0.1"] }, isPrivate: { _ in false })
        try await authority.serve(reply("302 Found", ["Location: http://cdn.test:\(plain.port)/x"])) { port in
            let settings = ClientSettings(
                baseURL: "https://api.test", key: nil, timeout: .seconds(5), caFile: authority.file)
            try await withClient(settings, resolver: resolver) { client in
                let failure = await client.fetched("https://cdn.test:\(port)/x").failure
                #expect(failure == .blocked("the result's address is http although the API is https"))
            }
        }
        #expect(plain.connections == 0)
    }

    @Test func `through a proxy the server itself is trusted, and a lost answer is lost`() async throws {
        let authority = try await Authority(names: "DNS:api.test")
        for text in [accepted, ""] {
            try await authority.serve(text) { port in
                let proxy = ScriptedServer { connection in
                    guard connection.read() != nil else { return }
                    connection.send("HTTP/1.1 200 Connected\r\n\r\n")
                    connection.splice(toPort: port)
                }
                var settings = ClientSettings(
                    baseURL: "https://api.test", key: nil, timeout: .seconds(5), caFile: authority.file)
                settings.proxies = try ProxySettings(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
                let answer = try await withClient(settings) { await $0.submit(request(), idempotencyKey: "k") }
                if text.isEmpty {
                    #expect(answer.lossKind == .closed, "\(answer)")
                } else {
                    #expect(answer == .accepted(RemoteJobID("job-1")))
                }
                #expect(proxy.requests.map(\.target) == ["api.test:443"])
            }
        }
    }

    @Test func `a file without certificates is an error at once`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "nightjar-ca-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = folder.appending(path: "text.pem").path
        try Data("no certificate".utf8).write(to: URL(filePath: text))
        let empty = folder.appending(path: "empty.pem").path
        try Data().write(to: URL(filePath: empty))
        let broken = folder.appending(path: "broken.pem").path
        try Data("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8).write(to: URL(filePath: broken))
        let cases = [
            (text, "it holds no certificates in PEM"), (empty, "it holds no certificates in PEM"),
            (broken, "it holds no certificates in PEM"), (folder.path, "the file cannot be read"),
            (folder.path + "/none", "the file cannot be read"),
        ]
        for (path, reason) in cases {
            #expect(throws: ClientSettingsError.caFile(path, reason: reason)) {
                try JobsAPIClient(ClientSettings(baseURL: "https://a", key: nil, caFile: path))
            }
        }
    }
}

/// A certificate authority made for one test, with the certificate of one server.
private final class Authority: Sendable {
    private static let program = "/usr/bin/openssl"
    static let isPossible = FileManager.default.isExecutableFile(atPath: program)

    private let folder: URL
    /// The authority's own certificate.
    let file: String

    init(names: String = "IP:127.0.0.1") async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "nightjar-tls-\(UUID())")
        (self.folder, file) = (folder, folder.appending(path: "ca.pem").path)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("subjectAltName=\(names)\n".utf8).write(to: folder.appending(path: "names"))
        // On a thread of its own: the tests' own threads are few, and are not to wait for a program.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try Self.makeKeys(in: folder) }) }
        }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private static func makeKeys(in folder: URL) throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        let calls = [
            ["req", "-x509", "-subj", "/CN=authority", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem"] + key,
            ["req", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"] + key,
            [
                "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                "2", "-extfile", "names", "-out", "server.pem",
            ],
        ]
        for arguments in calls {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            process.currentDirectoryURL = folder
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }
    }

    /// Runs `body` while a server answers every request with `text`, or closes where that is empty.
    func serve(_ text: String, _ body: (_ port: Int) async throws -> Void) async throws {
        let chain = try NIOSSLCertificate.fromPEMFile(folder.appending(path: "server.pem").path)
        let key = try NIOSSLPrivateKey(file: folder.appending(path: "server.key").path, format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        let server = try await ServerBootstrap(group: NIOSingletons.posixEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(Answering(text))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            try await body(try #require(server.localAddress?.port))
            try await server.close()
        } catch {
            try? await server.close()
            throw error
        }
    }
}

/// Answers each request, once it is here with its body.
private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let text: String
    private var received = ""

    init(_ text: String) {
        self.text = text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        guard let end = received.range(of: "\r\n\r\n") else { return }
        let isPost = received.hasPrefix("POST")
        guard !isPost || received[end.upperBound...].hasSuffix("}") else { return }
        received = ""
        if text.isEmpty {
            context.close(promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
