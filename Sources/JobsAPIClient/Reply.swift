internal import FoundationEssentials
internal import JobsAPI
internal import NightjarCore

/// An answer as it came over the wire, and what each of our requests makes of it. Pure.
struct Reply: Sendable {
    var status: Int
    var body: Data
    var retryAfter: String?
    var date: String?
    var age: String?
    /// Struck out of every text that leaves here.
    var key: APIKey?

    private static let longestMessage = 300

    // MARK: Submissions

    /// By what is certain: only an answer that tells the job's id, or tells that there is none, is not a loss.
    /// - Parameter withKey: Whether the request had an `Idempotency-Key`; without one no answer can be about it.
    func submissionAnswer(withKey: Bool) -> SubmissionAnswer {
        switch status {
        case 200..<300:
            guard let reply = try? WireJSON.decode(SubmitReply.self, from: body), !reply.id.isEmpty else {
                return .lost(Loss(.unreadable, "the API answered \(status) without a readable job id"))
            }
            // An id is kept and shown; the key never is.
            guard withoutKey(reply.id) == reply.id else {
                return .lost(Loss(.unreadable, "the API answered \(status) with the key in place of a job id"))
            }
            return .accepted(RemoteJobID(reply.id))
        case 429: return .throttled(wait)
        case 401, 402, 403: return trouble.map { .refused($0) } ?? .lost(Loss(.answered, message))
        // Only a proxy says so, and passes nothing on.
        case 407: return .notSent("the proxy asks for a user and a password")
        // These speak of a request whose fate is open.
        case 408, 425, 499: return .lost(Loss(.answered, message))
        // A request that the API may know already.
        case 409: return .lost(Loss(.conflict, message))
        case 400..<500 where withKey && speaksOfKey: return .keyRefused(message)
        case 400..<500: return .rejected(message)
        case 504, 522, 524: return .lost(Loss(.gateway, message))
        default: return .lost(Loss(.answered, message))
        }
    }

    private var speaksOfKey: Bool {
        String(decoding: body, as: UTF8.self).lowercased().utf8.contains(Array("idempotency".utf8))
    }

    // MARK: Other requests

    func job() throws(RequestFailure) -> RemoteJob {
        try checkStatus()
        guard let reply = try? WireJSON.decode(JobReply.self, from: body) else {
            throw .unavailable("the API's answer about a job is unreadable")
        }
        let echo = try? JobEcho(json: body)
        return RemoteJob(
            id: RemoteJobID(reply.id), status: state(of: reply), createdAt: createdAt(reply),
            model: reply.model.map(withoutKey), seed: echo?.seed.map(seed), prompt: echo?.prompt.map(withoutKey))
    }

    func jobs() throws(RequestFailure) -> JobList {
        try checkStatus()
        guard let reply = try? WireJSON.decode(ListReply.self, from: body) else {
            throw .unavailable("the API's list of jobs is unreadable")
        }
        // Without such a row the list would have a hole.
        guard reply.jobs.allSatisfy({ withoutKey($0.id) == $0.id }) else {
            throw .unavailable("the API's list of jobs has the key in place of a job id")
        }
        let rows = reply.jobs.map { row in
            JobList.Row(
                id: RemoteJobID(row.id), status: state(of: row), createdAt: createdAt(row),
                model: row.model.map(withoutKey))
        }
        let now = WallTime.now.milliseconds / 1000
        let made = date.flatMap { HTTPDate.seconds($0.trimmed(), now: now) }
        return JobList(
            rows: rows, hasMore: reply.hasMore, date: made.map { WallTime(milliseconds: $0 * 1000) }, age: staleness)
    }

    private func state(of reply: JobReply) -> RemoteJob.Status {
        switch reply.status {
        case .queued: .queued
        case .processing: .processing
        case .completed: .completed(reply.result.map(result))
        case .failed: .failed(Self.clean(reply.error?.message ?? "the API gave no reason", without: key))
        default: .unheardOf(Self.clean(reply.status.rawValue, without: key))
        }
    }

    /// The address is stored, so a key in it is struck out too; what is left leads nowhere, and the job says so.
    private func result(_ result: JobReply.Result) -> RemoteResult {
        RemoteResult(url: withoutKey(result.url), width: result.width, height: result.height, seed: result.seed)
    }

    /// From 2000 to 2286: what lies outside (zero, microseconds) is no time of a job, and none is safer than a wrong one.
    private static let likelySeconds = 946_684_800.0...1e10

    private func createdAt(_ reply: JobReply) -> WallTime? {
        guard let seconds = reply.createdAt, Self.likelySeconds.contains(seconds) else { return nil }
        return WallTime(milliseconds: Int64((seconds * 1000).rounded()))
    }

    private func seed(_ seed: JobEcho.Seed) -> EchoedSeed {
        switch seed {
        case .integer(let value): .integer(value)
        case .number(let value): .number(value)
        case .text(let text): .text(Self.clean(text, without: key))
        }
    }

    /// `Age` (RFC 9111 §5.1): whole seconds, at most 2³¹; zero for all else.
    private var staleness: Duration {
        guard let text = age?.trimmed(), !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return .zero
        }
        return .seconds(min(Int64(text) ?? .max, 1 << 31))
    }

    private func checkStatus() throws(RequestFailure) {
        switch status {
        case 200..<300: return
        case 401, 402, 403: throw trouble.map { .refused($0) } ?? .unavailable(message)
        case 404: throw .notFound
        case 429: throw .throttled(wait)
        case 407: throw .unavailable("the proxy asks for a user and a password")
        case 408, 425, 499: throw .unavailable(message)
        case 400..<500: throw .rejected(message)
        default: throw .unavailable(message)
        }
    }

    // MARK: Words

    private func withoutKey(_ text: String) -> String { key?.redacted(text) ?? text }

    private var wait: RetryAfter { RetryAfterHeader.parse(retryAfter, date: date) }

    private var trouble: AccountTrouble? {
        AccountTrouble.Kind(rawValue: status).map { AccountTrouble($0, message) }
    }

    /// The API's own words, cut and cleaned, behind the status.
    var message: String {
        let words = (try? WireJSON.decode(ErrorReply.self, from: body))?.error.message
        return Self.clean("the API answered \(status)" + (words.map { ": \($0)" } ?? ""), without: key)
    }

    /// `text` without the key in upper or lower case, on one line, without control and direction marks, at most 300 code points and `…`.
    static func clean(_ text: String, without key: APIKey?) -> String {
        // The key first: cut in the middle, it would not be found.
        let scalars = (key?.redacted(text, ignoringCase: true) ?? text).unicodeScalars
        var cleaned = String.UnicodeScalarView()
        for scalar in scalars.prefix(longestMessage) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: cleaned.append(" ")
            default: cleaned.append(scalar)
            }
        }
        return String(cleaned) + (scalars.dropFirst(longestMessage).isEmpty ? "" : "…")
    }
}
