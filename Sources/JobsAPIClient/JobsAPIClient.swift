internal import AsyncHTTPClient
internal import FoundationEssentials
internal import Glibc
internal import JobsAPI
internal import NIOCore
internal import NIOHTTP1
package import NightjarCore

/// The Jobs API over HTTP.
///
/// No request is repeated here and no redirect of an API call followed: whether to try again is decided where the
/// consequences are known.
package final class JobsAPIClient: ImageService {
    private let http: HTTPClient
    private let settings: ClientSettings
    private let policy: ResultURLPolicy

    /// Replies of the API are small; a list of a thousand jobs is some 150 KB.
    private static let longestReply = 16 << 20
    /// Rows asked for at a time; what the API does with it is its own affair.
    private static let page = 1000
    private static let redirects = 5

    /// - Returns: `nil` when the base URL is not an absolute http(s) address.
    package init?(_ settings: ClientSettings) {
        guard let origin = ResultURLPolicy.Origin(settings.baseURL) else { return nil }
        self.settings = settings
        policy = ResultURLPolicy(api: origin)
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(settings))
    }

    package func shutdown() async {
        try? await http.shutdown()
    }

    static func configuration(_ settings: ClientSettings) -> HTTPClient.Configuration {
        let silence = TimeAmount(settings.timeout)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // HTTP/2 would put all submissions on one connection: a lost one could not be cut off without the others.
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: min(silence, .seconds(10)), read: silence, write: silence)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
        // A socket that the server has closed meanwhile loses a submission's answer; many servers keep them for 5 s.
        configuration.connectionPool.idleTimeout = .seconds(4)
        configuration.connectionPool.retryConnectionEstablishment = false
        let userTimeout = Int(clamping: settings.timeout.milliseconds)
        configuration.http1_1ConnectionDebugInitializer = { channel in
            // Otherwise the kernel goes on delivering a submission minutes after it was given up.
            channel.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: userTimeout).flatMap {
                // And what is still in its buffer when a connection is closed is not to be delivered at all.
                (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                    ?? channel.eventLoop.makeSucceededVoidFuture()
            }
        }
        return configuration
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
            let wasNeverSent = !bytes.mark.isTaken && TransportError.isOfConnecting(error)
            let words = words(for: error)
            return wasNeverSent ? .notSent(words) : .lost(Loss(TransportError.kindOfLoss(error), words))
        }
    }

    package func job(_ id: RemoteJobID) async throws(RequestFailure) -> RemoteJob {
        try await get(JobsAPIPath.job(id.rawValue)) { reply throws(RequestFailure) in try reply.job() }
    }

    package func jobs(after: RemoteJobID?) async throws(RequestFailure) -> JobList {
        try await get(JobsAPIPath.jobs(limit: Self.page, after: after?.rawValue)) { reply throws(RequestFailure) in
            try reply.jobs()
        }
    }

    package func download(
        _ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        var address = url
        for _ in 0...Self.redirects {
            guard let next = try await fetch(address, receive: receive) else { return }
            address = next
        }
        throw DownloadFailure.unfetchable("more than \(Self.redirects) redirects")
    }

    // MARK: Parts

    /// - Returns: Where the answer redirects to; `nil` when the file was received.
    private func fetch(
        _ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> String? {
        var call = HTTPClientRequest(url: url)
        call.headers.add(name: "User-Agent", value: Self.userAgent)
        switch policy.judge(url) {
        case .blocked(let reason): throw DownloadFailure.blocked(reason)
        case .allowed(let sendsKey):
            if sendsKey, let key = settings.key { call.headers.add(name: "Authorization", value: key.authorization) }
        }
        let response: HTTPClientResponse
        do {
            response = try await http.execute(call, deadline: .distantFuture)
        } catch {
            throw DownloadFailure.transient(words(for: error))
        }
        switch response.status.code {
        case 200..<300: break
        case 301, 302, 303, 307, 308:
            guard let location = response.headers.first(name: "Location"),
                let next = URL(string: location, relativeTo: URL(string: url))?.absoluteString
            else { throw DownloadFailure.transient("a redirect that leads nowhere") }
            return next
        case 401, 403, 404, 410: throw DownloadFailure.gone("the result's address answered \(response.status.code)")
        default: throw DownloadFailure.transient("the result's address answered \(response.status.code)")
        }
        try await receiveBody(of: response, receive: receive)
        return nil
    }

    private func receiveBody(
        of response: HTTPClientResponse, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let announced = response.headers.first(name: "Content-Length").flatMap(Int64.init)
        let limit = settings.maxImageBytes
        let tooLarge = DownloadFailure.unfetchable(
            "the result is larger than \(ByteCount(bytes: limit)) (`--max-image-bytes`)")
        if let announced, announced > limit { throw tooLarge }
        var received: Int64 = 0
        var body = response.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await body.next()
            } catch {
                throw DownloadFailure.transient(words(for: error))
            }
            guard let piece else { break }
            received += Int64(piece.readableBytes)
            if received > limit { throw tooLarge }
            try piece.withUnsafeReadableBytes { try receive($0) }
        }
        if let announced, received != announced {
            throw DownloadFailure.transient("the result broke off after \(received) of \(announced) bytes")
        }
    }

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

    private static let userAgent = "nightjar"

    private func apiRequest(_ path: String) -> HTTPClientRequest {
        var call = HTTPClientRequest(url: settings.baseURL + path)
        call.headers.add(name: "User-Agent", value: Self.userAgent)
        call.headers.add(name: "Accept", value: "application/json")
        if let key = settings.key { call.headers.add(name: "Authorization", value: key.authorization) }
        return call
    }

    /// Silence is bounded by the read timeout; the deadline bounds a reply that drips.
    private func reply(to call: HTTPClientRequest) async throws -> Reply {
        let (http, key, deadline) = (http, settings.key, settings.timeout * 4)
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

    private func words(for error: any Error) -> String {
        TransportError.words(for: error, without: settings.key)
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

extension TimeAmount {
    fileprivate init(_ duration: Duration) {
        self = .milliseconds(duration.milliseconds)
    }
}
