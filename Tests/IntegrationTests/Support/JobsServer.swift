import Foundation
import Testing

/// `nightjar serve`, with its ledger.
struct JobsServer: Sendable {
    let process: NightjarProcess
    let port: UInt16

    var baseURL: String { "http://127.0.0.1:\(port)/api/openai/v1" }

    func ledger() throws -> Ledger {
        try JSONDecoder().decode(Ledger.self, from: try Socket.get("/ledger", port: port))
    }
}

extension Workbench {
    /// - Parameters:
    ///   - port: Of an earlier server whose place this one takes; 0 for a free one.
    ///   - options: Further flags.
    func server(_ options: String..., port: UInt16 = 0) async throws -> JobsServer {
        let process = try start(["serve", "--port", "\(port)", "--state", "serve/queue.sqlite3"] + options)
        try await eventually("the server's address") { process.output.hasSuffix("\n") || !process.isRunning }
        let words = process.output.split { $0 == ":" || $0 == "/" }
        let found = try #require(words.compactMap { UInt16($0) }.first, "\(process.output)\(process.errors)")
        return JobsServer(process: process, port: found)
    }

    /// Arguments of a run against an API.
    func run(
        _ manifest: String, at baseURL: String, _ options: String..., environment: [String: String?] = [:]
    ) async throws -> Ending {
        try await start(["run", manifest, "--base-url", baseURL] + options, environment: environment).end()
    }

    func startRun(
        _ manifest: String, at baseURL: String, _ options: String..., environment: [String: String?] = [:]
    ) throws -> NightjarProcess {
        try start(["run", manifest, "--base-url", baseURL] + options, environment: environment)
    }
}
