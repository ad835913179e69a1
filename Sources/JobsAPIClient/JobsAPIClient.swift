internal import AsyncHTTPClient
internal import FoundationEssentials
internal import JobsAPI
internal import NIOCore
internal import NIOHTTP1
package import NightjarCore
internal import Synchronization

/// The Jobs API over HTTP.
///
/// No request is repeated here and no redirect of an API call followed: whether to try again is decided where the
/// consequences are known.
package final class JobsAPIClient: ImageService {
    private let http: HTTPClient
    private let route: Route
    let settings: ClientSettings
    /// The one of the settings, until it is read anew.
    private let presentKey: Mutex<APIKey?>
    let transport: Transport
    let hosts: ResultHosts

    /// Replies of the API are small; a list of a thousand jobs is some 150 KB.
    private static let longestReply = 16 << 20
    /// Rows asked for at a time; what the API does with it is its own affair.
    private static let page = 1000
    static let userAgent = "nightjar"

    /// - Throws: `ClientSettingsError.baseURL` when the base URL is not an absolute http(s) address, `.caFile` when the
    ///   certificates cannot be read.
    package convenience init(_ settings: ClientSettings) throws(ClientSettingsError) {
        try self.init(settings, resolver: ResultHosts.Resolver())
    }

    /// - Parameter resolver: For the hosts of results.
    init(_ settings: ClientSettings, resolver: ResultHosts.Resolver) throws(ClientSettingsError) {
        guard let origin = ResultURLPolicy.Origin(settings.baseURL) else { throw .baseURL(settings.baseURL) }
        self.settings = settings
        presentKey = Mutex(settings.key)
        transport = try Transport(settings)
        route = transport.route(to: origin)
        http = transport.client(for: route)
        hosts = ResultHosts(
            policy: ResultURLPolicy(api: origin, resultHosts: settings.resultHosts), transport: transport,
            resolver: resolver)
    }

    var key: APIKey? { presentKey.withLock { $0 } }

    package func readKeyAnew() async {
        guard let key = settings.readKey?() else { return }
        presentKey.withLock { $0 = key }
    }

    package func shutdown() async {
        try? await http.shutdown()
        await hosts.shutdown()
    }

    // MARK: ImageService

    package func submit(_ request: ImageRequest, idempotencyKey: String?) async -> SubmissionAnswer {
        let parameters = request.parameters
        let body = SubmitRequest(
            model: parameters.model, prompt: request.prompt, negativePrompt: parameters.negativePrompt,
            width: parameters.width, height: parameters.height, steps: parameters.steps, cfgScale: parameters.cfgScale,
            sampler: parameters.sampler, seed: request.seed)
        let bytes: TrackedBody
        do {
            bytes = TrackedBody(try body.json())
        } catch let error as EncodingError {
            return .rejected("the request cannot be written as JSON: \(error.localizedWords)")
        } catch {
            return .rejected("the request cannot be written as JSON")
        }
        var call = apiRequest(JobsAPIPath.submit)
        call.method = .POST
        call.headers.add(name: "Content-Type", value: "application/json")
        if let idempotencyKey { call.headers.add(name: JobsAPIPath.idempotencyKeyHeader, value: idempotencyKey) }
        call.body = .bytes(bytes, length: .known(Int64(bytes.count)))
        do {
            return try await reply(to: call).submissionAnswer(withKey: idempotencyKey != nil)
        } catch {
            let wasNeverSent =
                !bytes.mark.isTaken
                && (TransportError.isOfConnecting(error) || isTunnel && TransportError.isOfClosing(error))
            let words = words(for: error)
            return wasNeverSent ? .notSent(words) : .lost(Loss(TransportError.kindOfLoss(error), words))
        }
    }

    /// A proxy may let a tunnel fall before anything has gone through, which looks like any connection that closes.
    private var isTunnel: Bool { if case .tunnel = route { true } else { false } }

    package func job(_ id: RemoteJobID) async throws(RequestFailure) -> RemoteJob {
        try await get(JobsAPIPath.job(id.rawValue)) { reply throws(RequestFailure) in try reply.job() }
    }

    package func jobs(after: RemoteJobID?) async throws(RequestFailure) -> JobList {
        try await get(JobsAPIPath.jobs(limit: Self.page, after: after?.rawValue)) { reply throws(RequestFailure) in
            try reply.jobs()
        }
    }

    // MARK: Parts

    private func get<Value>(
        _ path: String, _ read: (Reply) throws(RequestFailure) -> Value
    ) async throws(RequestFailure) -> Value {
        let reply: Reply
        do {
            var call = apiRequest(path)
            call.headers.add(name: "Cache-Control", value: "no-cache")
            reply = try await self.reply(to: call)
        } catch {
            throw .unavailable(words(for: error))
        }
        return try read(reply)
    }

    private func apiRequest(_ path: String) -> HTTPClientRequest {
        var call = transport.request(settings.baseURL + path, by: route)
        call.headers.add(name: "User-Agent", value: Self.userAgent)
        call.headers.add(name: "Accept", value: "application/json")
        if let key = key { call.headers.add(name: "Authorization", value: key.authorization) }
        return call
    }

    /// Silence is bounded by the read timeout; the deadline bounds a reply that drips.
    private func reply(to call: HTTPClientRequest) async throws -> Reply {
        let (http, key, deadline) = (http, key, settings.timeout * 4)
        return try await withThrowingTaskGroup { group in
            group.addTask {
                // The client's own deadline ends with the head of the reply.
                let response = try await http.execute(call, deadline: .distantFuture)
                let body = try await response.body.collect(upTo: Self.longestReply)
                return Reply(
                    status: Int(response.status.code), body: Data(body.readableBytesView),
                    retryAfter: response.headers.first(name: JobsAPIPath.retryAfterHeader),
                    date: response.headers.first(name: "Date"), age: response.headers.first(name: "Age"), key: key)
            }
            group.addTask {
                try await Task.sleep(for: deadline)
                throw HTTPClientError.deadlineExceeded
            }
            defer { group.cancelAll() }
            guard let reply = try await group.next() else { throw CancellationError() }
            return reply
        }
    }

    // MARK: Words

    func words(for error: any Error) -> String {
        TransportError.words(for: error, without: key)
    }
}

extension EncodingError {
    fileprivate var localizedWords: String {
        switch self {
        case .invalidValue(_, let context): context.debugDescription
        @unknown default: "a value that JSON cannot hold"
        }
    }
}
