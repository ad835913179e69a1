import Foundation
import NightjarTestSupport
import Testing

/// `Tests/FaultServer`, an API that fails as it is told and knows what it would bill. What it can be told is in its
/// `settings.py`.
struct FaultServer: Sendable {
    let process: NightjarProcess
    let port: UInt16
    /// Of the server's other port, which serves results only.
    let otherPort: UInt16

    var baseURL: String { "http://127.0.0.1:\(port)/api/openai/v1" }

    /// - Parameter settings: A JSON object: new values of some settings.
    func configure(_ settings: String) throws {
        let reply = try Socket.ask("POST", "/control/config", body: Data(settings.utf8), port: port)
        guard reply.status == 200 else { throw Refused(words: String(decoding: reply.body, as: UTF8.self)) }
    }

    func ledger() throws -> FaultLedger {
        try JSONDecoder().decode(FaultLedger.self, from: try Socket.get("/control/ledger", port: port))
    }

    /// How often each kind of each choice has come up: `post.close_after`.
    func faults() throws -> [String: Int] {
        try JSONDecoder().decode([String: Int].self, from: try Socket.get("/control/faults", port: port))
    }

    /// Lets go what is held: requests and jobs.
    func release() throws {
        _ = try Socket.ask("POST", "/control/release", port: port)
    }

    struct Refused: Error {
        var words: String
    }
}

extension Workbench {
    /// A fault server, which ends with the bench.
    /// - Parameter settings: A JSON object: settings other than the defaults.
    func faultServer(_ settings: String = "{}", seed: Int = 1) async throws -> FaultServer {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../FaultServer/fault_server.py").standardizedFileURL
        let process = try start(
            ["python3", "-B", file.path, "--port", "0", "--seed", "\(seed)", "--config", settings],
            executable: "/usr/bin/env")
        try await eventually("the fault server's address") { process.output.hasSuffix("\n") || !process.isRunning }
        struct Ports: Decodable {
            var port: UInt16
            var other_port: UInt16
        }
        let ports = try? JSONDecoder().decode(Ports.self, from: Data(process.output.utf8))
        let found = try #require(ports, "\(process.output)\(process.errors)")
        return FaultServer(process: process, port: found.port, otherPort: found.other_port)
    }
}

/// What the fault server has been asked for, and what it would bill.
struct FaultLedger: Decodable, Sendable {
    struct Job: Decodable, Sendable {
        var id: String
        var prompt: String?
        var model: String?
        var seed: Int?
        var idempotency_key: String?
        /// Unix seconds.
        var accepted_at: Double
        /// QUEUED, PROCESSING, WARMING_UP, COMPLETED, FAILED or VANISHED.
        var status: String
        var billed: Bool
        /// What was done with the submission, and with the job: kinds of `post` and of `job`.
        var fault: String
        var fate: String
        /// Somebody else's, whom the bill does not count.
        var stranger: Bool
    }

    struct Post: Decodable, Sendable {
        /// Unix seconds.
        var at: Double
        var fault: String
        var prompt: String?
        var seed: Int?
        var idempotency_key: String?
        /// The job that it made.
        var job_id: String?
        /// The id that a whole answer told.
        var answered_id: String?
    }

    struct Totals: Decodable, Sendable {
        var submissions: Int
        var accepted: Int
        var billed: Int
        /// Billed beyond the first of equal requests.
        var duplicates: Int
        /// The same, with what still runs.
        var duplicates_accepted: Int
        var most_unfinished: Int
        /// Most API requests in any sliding second.
        var busiest_second: Int
        /// By kind: `submit`, `get`, `list`, `models`, `download`, `other`.
        var requests: [String: Int]
        /// Requests that showed the key to the other port.
        var keys_elsewhere: Int
    }

    var jobs: [Job]
    var posts: [Post]
    var totals: Totals
}
