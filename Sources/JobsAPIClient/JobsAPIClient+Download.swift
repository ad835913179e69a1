internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NightjarCore

extension JobsAPIClient {
    private static let redirects = 5
    /// A body that brings less than this while the timeout passes is as good as none. There is no limit to the whole time.
    static let leastProgress = 1024

    /// Follows up to five redirects, each judged as the first address was. What a result's host says of when to come back
    /// (`Retry-After`) is not heeded: the runner waits as after any other fault, and the API's pace is not its affair.
    package func download(
        _ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        do {
            try await follow(url, receive: receive)
        } catch let failure as DownloadFailure {
            // A redirect may have the key in the name of its host.
            throw failure.cleaned { Reply.clean($0, without: key) }
        }
    }

    private func follow(_ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void) async throws {
        var address = url
        for _ in 0...Self.redirects {
            let next = try await hosts.visit(address) { [address] visit in
                try await fetch(address, visit, receive: receive)
            }
            guard let next else { return }
            address = next
        }
        throw DownloadFailure.unfetchable("more than \(Self.redirects) redirects")
    }

    /// - Returns: Where the answer redirects to; `nil` when the file was received.
    private func fetch(
        _ url: String, _ visit: ResultHosts.Visit, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws -> String? {
        var call = transport.request(url, by: visit.route)
        call.headers.add(name: "User-Agent", value: Self.userAgent)
        if visit.sendsKey, let key = key { call.headers.add(name: "Authorization", value: key.authorization) }
        let response: HTTPClientResponse
        do {
            response = try await visit.http.execute(call, deadline: .now() + TimeAmount(settings.timeout * 4))
        } catch let error where TransportError.isOfConnecting(error) {
            throw ResultHosts.NotConnected(words: words(for: error))
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
        var progress = Progress(window: settings.timeout)
        var body = response.body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            let begin = ContinuousClock.now
            do {
                piece = try await body.next()
            } catch {
                throw DownloadFailure.transient(words(for: error))
            }
            guard let piece else { break }
            received += Int64(piece.readableBytes)
            if received > limit { throw tooLarge }
            guard progress.goesOn(piece.readableBytes, after: ContinuousClock.now - begin) else {
                throw DownloadFailure.transient(
                    "the result came too slowly: less than \(Self.leastProgress) bytes in the time of `--timeout`")
            }
            try piece.withUnsafeReadableBytes { try receive($0) }
        }
        if let announced, received != announced {
            throw DownloadFailure.transient("the result broke off after \(received) of \(announced) bytes")
        }
    }

    /// Whether a body keeps coming. Only the time of waiting for it counts, not that of writing it down.
    struct Progress {
        let window: Duration
        private var bytes = 0
        private var waited: Duration = .zero

        init(window: Duration) {
            self.window = window
        }

        mutating func goesOn(_ count: Int, after wait: Duration) -> Bool {
            bytes += count
            waited += wait
            guard waited >= window else { return true }
            defer { (bytes, waited) = (0, .zero) }
            return bytes >= JobsAPIClient.leastProgress
        }
    }
}

extension DownloadFailure {
    fileprivate func cleaned(_ clean: (String) -> String) -> DownloadFailure {
        switch self {
        case .transient(let words): .transient(clean(words))
        case .gone(let words): .gone(clean(words))
        case .unfetchable(let words): .unfetchable(clean(words))
        case .blocked(let words): .blocked(clean(words))
        }
    }
}
