/// The Jobs API as the runner sees it.
package protocol ImageService: Sendable {
    /// One `POST /jobs/images`, never repeated by itself.
    /// - Parameter idempotencyKey: The same for every submission of one attempt; `nil` where the API refuses the header.
    func submit(_ request: ImageRequest, idempotencyKey: String?) async -> SubmissionAnswer

    /// One `GET /jobs/{id}`.
    func job(_ id: RemoteJobID) async throws(RequestFailure) -> RemoteJob

    /// One `GET /jobs`: one page of recent jobs.
    /// - Parameter after: The last id of the page before; `nil` for the first page.
    func jobs(after: RemoteJobID?) async throws(RequestFailure) -> JobList

    /// The key may be another one by now: a run that waits for that asks before each probe.
    func readKeyAnew() async

    /// Fetches a result, piece by piece.
    /// - Parameters:
    ///   - url: As the API gave it.
    ///   - receive: Called with each piece in order; an error that it throws ends the transfer and is thrown on.
    func download(
        _ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws
}

/// What became of one submission, by what is certain about it.
package enum SubmissionAnswer: Equatable, Sendable {
    case accepted(RemoteJobID)
    /// Not a byte was handed over: no connection, no name, no TLS session.
    case notSent(String)
    /// Turned away before anything was accepted (429).
    case throttled(RetryAfter)
    /// The account or the key is in trouble (401, 402, 403): no job's fault.
    case refused(AccountTrouble)
    /// The API will never take this request (400, 422, other 4xx).
    case rejected(String)
    /// A 4xx that speaks of the `Idempotency-Key`: to a first submission it refuses the header, to a repeated one it says
    /// that the API has the first.
    case keyRefused(String)
    /// It may have been accepted.
    case lost(Loss)
}

/// Why a request other than a submission gave no answer to work with.
package enum RequestFailure: Error, Equatable, Sendable {
    /// No connection, cut off, silent, unreadable, or 5xx.
    case unavailable(String)
    case throttled(RetryAfter)
    case refused(AccountTrouble)
    case notFound
    /// Another 4xx.
    case rejected(String)

    package var words: String {
        switch self {
        case .unavailable(let words), .rejected(let words): words
        case .throttled: "the API asks for a pause (429)"
        case .refused(let trouble): trouble.message
        case .notFound: "the API answered 404"
        }
    }
}

/// 401, 402 and 403, with what the API said.
package struct AccountTrouble: Error, Equatable, Sendable {
    package enum Kind: Int, Sendable {
        case keyRefused = 401
        case paymentRequired = 402
        case forbidden = 403
    }

    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// What happened and what to do, in one line.
    package var words: String {
        switch kind {
        case .keyRefused: "the key is refused, check it (\(message))"
        case .paymentRequired: "the account is blocked, top it up (\(message))"
        case .forbidden: "the key lacks a permission, check it (\(message))"
        }
    }
}

/// What a 429 says about when to come back: at most an hour, `nil` when it says nothing usable.
package struct RetryAfter: Equatable, Sendable {
    package var delay: Duration?

    package static let longest: Duration = .seconds(3600)

    /// - Parameter delay: Zero, negative and absent count as nothing said; more than an hour as an hour.
    package init(_ delay: Duration?) {
        self.delay = delay.flatMap { $0 > .zero ? min($0, Self.longest) : nil }
    }
}

/// A job as the API describes it.
package struct RemoteJob: Equatable, Sendable {
    package enum Status: Equatable, Sendable {
        case queued, processing
        /// `nil` in a list, which carries no results.
        case completed(RemoteResult?)
        case failed(String)
        /// Reported, and treated as still running.
        case unheardOf(String)
    }

    package var id: RemoteJobID
    package var status: Status
    /// On the API's clock; `nil` where the reply does not say, or not readably.
    package var createdAt: WallTime?
    package var model: String?
    /// As the reply spells it; `nil` where it names none.
    package var seed: EchoedSeed?
    /// `nil` where the API does not echo it.
    package var prompt: String?

    package init(
        id: RemoteJobID, status: Status, createdAt: WallTime? = nil, model: String? = nil, seed: EchoedSeed? = nil,
        prompt: String? = nil
    ) {
        self.id = id
        self.status = status
        self.createdAt = createdAt
        self.model = model
        self.seed = seed
        self.prompt = prompt
    }
}

/// Why a download failed.
package enum DownloadFailure: Error, Equatable, Sendable {
    /// May go well another time: no connection, cut off, 5xx, 429.
    case transient(String)
    /// 403, 404, 410: the address has expired, or the file is gone.
    case gone(String)
    /// Will not go better another time: more bytes than `--max-image-bytes`, redirects without end.
    case unfetchable(String)
    /// An address that is not fetched from.
    case blocked(String)
}
