import Foundation
import Synchronization

/// A Jobs API on a raw socket that answers as a test says, and otherwise as the real one: a job is QUEUED when
/// submitted and COMPLETED when asked for.
final class FakeAPI: Sendable {
    struct Request: Sendable {
        var method: String
        var path: String
        /// By lower-case name.
        var headers: [String: String]
        var body: Data
        /// How many requests of this method and path came before.
        var earlier: Int
        /// When it had arrived whole.
        var at = ContinuousClock.now

        var isSubmission: Bool { method == "POST" }
        var isJob: Bool { method == "GET" && path.hasPrefix("/v1/jobs/") }
        var isImage: Bool { path.hasPrefix("/images/") }

        /// The last part of the path.
        var name: String { String(path.split(separator: "/").last ?? "") }
    }

    enum Answer: Sendable {
        case json(Int, String, headers: [String: String] = [:])
        case bytes(Int, Data, headers: [String: String] = [:])
        /// A body that ends before its announced length.
        case cut(Data, of: Int)
        /// The connection closes without a word.
        case hangUp

        /// The API's way to say what is wrong.
        static func error(_ status: Int, _ message: String = "no", headers: [String: String] = [:]) -> Answer {
            .json(status, #"{"error":{"message":"\#(message)","type":"test"}}"#, headers: headers)
        }
    }

    /// - Returns: `nil` for the usual answer.
    typealias Script = @Sendable (Request, FakeAPI) -> Answer?

    private struct Log {
        var requests: [Request] = []
        /// Jobs accepted.
        var accepted = 0
    }

    let port: UInt16
    private let listener: Socket
    private let script: Script
    private let log = Mutex(Log())

    /// Runs `body` with an API that is gone afterwards.
    static func use(_ script: @escaping Script = { _, _ in nil }, _ body: (FakeAPI) async throws -> Void) async throws {
        let api = try FakeAPI(script)
        defer { api.listener.shutDown() }
        try await body(api)
    }

    private init(_ script: @escaping Script) throws {
        self.script = script
        (listener, port) = try Socket.listening()
        Thread.detachNewThread { [self] in
            while let peer = listener.accepted() {
                Thread.detachNewThread {
                    self.serve(peer)
                    peer.close()
                }
            }
            listener.close()
        }
    }

    var origin: String { "http://127.0.0.1:\(port)" }
    var baseURL: String { origin + "/v1" }
    var requests: [Request] { log.withLock { $0.requests } }
    var submissions: [Request] { requests.filter(\.isSubmission) }

    // MARK: Answers

    /// What the real API would say.
    func usualAnswer(_ request: Request) -> Answer {
        if request.isSubmission {
            let number = log.withLock { log in
                log.accepted += 1
                return log.accepted
            }
            return .json(200, #"{"id":"job-\#(number)","status":"QUEUED"}"#)
        }
        if request.isJob { return completed(request.name) }
        if request.isImage { return .bytes(200, Self.picture, headers: ["Content-Type": "image/png"]) }
        if request.path.hasPrefix("/v1/jobs") { return .json(200, #"{"jobs":[]}"#) }
        return .error(404, "no such path")
    }

    /// A job whose result is at `url`, or at this API's own place.
    func completed(_ id: String, url: String? = nil, width: Int = 64, height: Int = 64) -> Answer {
        let url = url ?? "\(origin)/images/\(id).png"
        return .json(
            200,
            #"{"id":"\#(id)","status":"COMPLETED","created_at":1700000000,"#
                + #""result":{"url":"\#(url)","width":\#(width),"height":\#(height),"seed":1}}"#)
    }

    func failed(_ id: String, _ message: String) -> Answer {
        .json(200, #"{"id":"\#(id)","status":"FAILED","created_at":1700000000,"error":{"message":"\#(message)"}}"#)
    }

    /// 64×64 px of grey.
    static let picture =
        Data(
            base64Encoded: """
                iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAlklEQVR42u3M6zmCARgA0M8l1gilNSiyBpHWKJQ1KmQNXdQakcsa\
                /TlTvM97BjhFQZkzruky5IM1RQYhgh2OOOeGHiOmfJFBjGCXY+q0eGDMjG8yiBHscUKDWx55Yc6GDGIE+1S44I4nXlnwQwYxghJV\
                LmnT541PfskgRnDAKU3uGTBhyR8ZxAgOqXFFh2feWfFPBiGCLdFFOGqcNfyRAAAAAElFTkSuQmCC
                """) ?? Data()

    // MARK: The wire

    private func serve(_ peer: Socket) {
        guard let request = read(peer) else { return }
        let answer = script(request, self) ?? usualAnswer(request)
        switch answer {
        case .json(let status, let text, let headers):
            let all = headers.merging(["Content-Type": "application/json"]) { given, _ in given }
            peer.send(Self.head(status, length: text.utf8.count, headers: all) + Data(text.utf8))
        case .bytes(let status, let body, let headers):
            peer.send(Self.head(status, length: body.count, headers: headers) + body)
        case .cut(let body, let length): peer.send(Self.head(200, length: length, headers: [:]) + body)
        case .hangUp: break
        }
    }

    private static func head(_ status: Int, length: Int, headers: [String: String]) -> Data {
        let lines = headers.map { "\($0.key): \($0.value)\r\n" }.joined()
        return Data("HTTP/1.1 \(status) Test\r\nContent-Length: \(length)\r\nConnection: close\r\n\(lines)\r\n".utf8)
    }

    private func read(_ peer: Socket) -> Request? {
        var received = Data()
        let blankLine = Data("\r\n\r\n".utf8)
        while received.firstRange(of: blankLine) == nil {
            guard let piece = peer.receive() else { return nil }
            received += piece
        }
        guard let end = received.firstRange(of: blankLine) else { return nil }
        let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count == 2 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        }
        var body = Data(received[end.upperBound...])
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while body.count < length {
            guard let piece = peer.receive() else { return nil }
            body += piece
        }
        return log.withLock { log in
            let earlier = log.requests.count { $0.method == words[0] && $0.path == words[1] }
            let request = Request(method: words[0], path: words[1], headers: headers, body: body, earlier: earlier)
            log.requests.append(request)
            return request
        }
    }
}
