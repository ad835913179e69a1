import Foundation

/// A line of `jobs --json`.
struct JobLine: Decodable, Equatable, Sendable {
    struct Failure: Decodable, Equatable, Sendable {
        var kind: String
        var message: String
    }

    var batch: String
    var key: String
    var index: Int
    var id: String?
    var state: String
    var prompt: String
    var model: String
    var seed: Int?
    var removed: Bool
    var paused: Bool
    var unwanted: Bool
    var job_id: String?
    var attempts: Int
    var path: String?
    var sha256: String?
    var bytes: Int?
    var width: Int?
    var height: Int?
    var error: Failure?

    init(_ line: some StringProtocol) throws {
        self = try JSONDecoder().decode(JobLine.self, from: Data(line.utf8))
    }
}

struct StatusReply: Decodable, Sendable {
    struct Running: Decodable, Sendable {
        var command: String
        var pid: Int32
        var concurrency: Int
        var rate: String
        var set_by_hand: Bool
    }

    var version: Int
    var batches: [BatchLine]
    var running: Running?
    var action: String?
}

/// A batch in `status --json`.
struct BatchLine: Decodable, Equatable, Sendable {
    struct Requests: Decodable, Equatable, Sendable {
        var submit: Int
        var get: Int
        var list: Int
        var download: Int
    }

    struct Wait: Decodable, Equatable, Sendable {
        var reason: String
        var words: String
    }

    var name: String
    var paused: Bool
    var waits_for: Wait?
    var action: String?
    var total: Int
    var pending: Int
    var submitting: Int
    var submitted: Int
    var ready: Int
    var unknown: Int
    var waiting: Int
    var done: Int
    var failed: Int
    var filtered: Int
    var cancelled: Int
    var requests: Requests
    var rate_limited: Int
    var duplicates: Int
}

/// What the server of `nightjar serve` would bill.
struct Ledger: Decodable, Sendable {
    struct Requests: Decodable, Sendable {
        var submit: Int
    }

    var jobs: Int
    var billed: Int
    var failed: Int
    var duplicates: Int
    var unfinished: Int
    var max_requests_per_second: Int
    var max_unfinished: Int
    var requests: Requests
}
