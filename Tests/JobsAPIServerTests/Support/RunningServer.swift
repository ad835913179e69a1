import Foundation
import JobsAPI
import Logging
import Testing

@testable import JobsAPIServer

/// A server on a port of its own, with the calls that tests make of it.
struct RunningServer: Sendable {
    let probe: HTTPProbe
    var key: String?

    static let base = "/api/openai/v1"

    func call(
        _ method: String, _ path: String, headers: [String: String] = [:], body: String? = nil
    ) async throws -> HTTPProbe.Reply {
        var headers = headers
        if let key { headers["Authorization"] = "Bearer \(key)" }
        return try await probe.send(method, Self.base + path, headers: headers, body: body)
    }

    /// Submits a small job, and expects it to be taken.
    @discardableResult
    func submit(
        _ prompt: String, seed: Int64? = nil, model: String = "m", headers: [String: String] = [:]
    ) async throws -> String {
        let request = SubmitRequest(model: model, prompt: prompt, width: 64, height: 64, seed: seed)
        let body = String(decoding: try request.json(), as: UTF8.self)
        let reply = try await call("POST", JobsAPIPath.submit, headers: headers, body: body)
        try #require(reply.status == 200, "\(reply.text)")
        return try WireJSON.decode(SubmitReply.self, from: Data(reply.body)).id
    }

    func job(_ id: String) async throws -> JobReply {
        try WireJSON.decode(JobReply.self, from: Data(try await call("GET", JobsAPIPath.job(id)).body))
    }

    func list(_ query: String = "") async throws -> ListReply {
        try WireJSON.decode(ListReply.self, from: Data(try await call("GET", JobsAPIPath.jobs + query).body))
    }

    /// Asks until the job has ended.
    func ended(_ id: String) async throws -> JobReply {
        for _ in 0..<3000 {
            let job = try await job(id)
            if job.status.isFinal { return job }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw HTTPProbe.Failure(reason: "\(id) has not ended")
    }

    func ledger() async throws -> [String: Any] {
        try await probe.send("GET", "/ledger").json()
    }
}

/// Runs a server while `body` runs, then cancels it as a kill would, and waits until it is gone.
@discardableResult
func withServer<Value: Sendable>(
    _ settings: ServerSettings, renderer: any ImageRenderer = BuiltInRenderer(), key: String? = nil,
    _ body: (RunningServer) async throws -> Value
) async throws -> Value {
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    let server = try JobsAPIServer(settings, renderer: renderer, logger: silentLogger) { listening.yield($0) }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { listening.finish() }
            do { try await server.run() } catch is CancellationError {}
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else {
            try await group.waitForAll()
            throw HTTPProbe.Failure(reason: "the server ended")
        }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(RunningServer(probe: HTTPProbe(port: port), key: key)))
        } catch {
            result = .failure(error)
        }
        group.cancelAll()
        try await group.waitForAll()
        return try result.get()
    }
}

let silentLogger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A renderer that does what a test says.
struct ScriptedRenderer: ImageRenderer {
    let body: @Sendable (RenderJob) async throws -> RenderedImage

    func render(_ job: RenderJob) async throws -> RenderedImage {
        try await body(job)
    }
}
