internal import FoundationEssentials
internal import JobsAPI
internal import NightjarCore

/// An answer as it came over the wire, and what each of our requests makes of it. Pure.
struct Reply: Sendable {
    var status: Int
    var body: Data
    var retryAfter: String?
    var date: String?
    /// Struck out of every text that leaves here.
    var key: APIKey?

    private static let longestMessage = 300

    // MARK: Submissions

    /// By what is certain: only an answer that tells the job's id, or tells that there is none, is not a loss.
    func submissionAnswer() -> SubmissionAnswer {
        switch status {
        case 200..<300:
            guard let reply = try? WireJSON.decode(SubmitReply.self, from: body), !reply.id.isEmpty else {
                return .lost("the API answered \(status) without a readable job id")
            }
            // An id is kept and shown; the key never is.
            guard key.map({ $0.redacted(reply.id) == reply.id }) ?? true else {
                return .lost("the API answered \(status) with the key in place of a job id")
            }
            return .accepted(RemoteJobID(reply.id))
        case 429: return .throttled(wait)
        case 401, 402, 403: return trouble.map { .refused($0) } ?? .lost(message)
        // 408, 425 and 499 speak of a request whose fate is open, 409 of one that the API may know already.
        case 408, 409, 425, 499: return .lost(message)
        case 400..<500: return .rejected(message)
        default: return .lost(message)
        }
    }

    // MARK: Other requests

    func job() throws(RequestFailure) -> RemoteJob {
        try checkStatus()
        guard let reply = try? WireJSON.decode(JobReply.self, from: body) else {
            throw .unavailable("the API's answer about a job is unreadable")
        }
        return job(reply)
    }

    func jobs() throws(RequestFailure) -> [RemoteJob] {
        try checkStatus()
        guard let reply = try? WireJSON.decode(ListReply.self, from: body) else {
            throw .unavailable("the API's list of jobs is unreadable")
        }
        return reply.jobs.map(job)
    }

    private func job(_ reply: JobReply) -> RemoteJob {
        let status: RemoteJob.Status =
            switch reply.status {
            case .queued: .queued
            case .processing: .processing
            case .completed: .completed(reply.result.map(result))
            case .failed: .failed(Self.clean(reply.error?.message ?? "the API gave no reason", without: key))
            default: .unheardOf(Self.clean(reply.status.rawValue, without: key))
            }
        return RemoteJob(id: RemoteJobID(reply.id), status: status)
    }

    /// The address is stored, so a key in it is struck out too; what is left leads nowhere, and the job says so.
    private func result(_ result: JobReply.Result) -> RemoteResult {
        RemoteResult(
            url: key?.redacted(result.url) ?? result.url, width: result.width, height: result.height, seed: result.seed)
    }

    private func checkStatus() throws(RequestFailure) {
        switch status {
        case 200..<300: return
        case 401, 402, 403: throw trouble.map { .refused($0) } ?? .unavailable(message)
        case 404: throw .notFound
        case 429: throw .throttled(wait)
        case 408, 425, 499: throw .unavailable(message)
        case 400..<500: throw .rejected(message)
        default: throw .unavailable(message)
        }
    }

    // MARK: Words

    private var wait: RetryAfter { RetryAfterHeader.parse(retryAfter, date: date) }

    private var trouble: AccountTrouble? {
        AccountTrouble.Kind(rawValue: status).map { AccountTrouble($0, message) }
    }

    /// The API's own words, cut and cleaned, behind the status.
    var message: String {
        let words = (try? WireJSON.decode(ErrorReply.self, from: body))?.error.message
        return Self.clean("the API answered \(status)" + (words.map { ": \($0)" } ?? ""), without: key)
    }

    /// `text` without the key, on one line, without control and direction marks, at most 300 code points and `…`.
    static func clean(_ text: String, without key: APIKey?) -> String {
        // The key first: cut in the middle, it would not be found.
        let scalars = (key?.redacted(text) ?? text).unicodeScalars
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
