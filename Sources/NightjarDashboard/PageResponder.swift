import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NightjarCore

/// Answers `/` and `/healthz` to those who call the machine by a name of its own.
struct PageResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let hosts: ServedHosts
    let summaries: @Sendable () async throws -> [BatchSummary]
    let snapshot: @Sendable () async -> RunSnapshot?
    let health: @Sendable () async -> (isWell: Bool, words: String)
    let time: Timekeeper
    let logger: Logger

    /// How long a page may take to come about.
    static let patience: Duration = .seconds(5)

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = await answer(request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) async -> Response {
        guard hosts.contains(request.head.authority) else {
            return .words(
                .misdirectedRequest, "this is not served under that name; use the machine's own, or an address")
        }
        guard request.method == .get || request.method == .head else {
            return .words(.methodNotAllowed, "only GET and HEAD are answered here", headers: [.allow: "GET, HEAD"])
        }
        switch request.uri.path {
        case "/": return await page()
        case "/healthz":
            let (isWell, words) = await healthInTime()
            return isWell ? .words(.ok, "ok") : .words(.serviceUnavailable, words)
        default: return .words(.notFound, "there is nothing here; the page is at /")
        }
    }

    private func page() async -> Response {
        let found = await time.answer(within: Self.patience) { [summaries, snapshot] () -> Found in
            do {
                return .batches(try await summaries(), await snapshot())
            } catch {
                return .error("\(error)")
            }
        }
        switch found {
        case .batches(let batches, let snapshot)?:
            let (isWell, words) = await healthInTime()
            let page = Page(batches: batches, snapshot: snapshot, isWell: isWell, health: words, now: time.wall())
            return .page(page)
        case .error(let words)?:
            // Its words may name paths: they are for the log.
            logger.error("the web page could not be made", metadata: ["error": "\(words)"])
            return .words(.serviceUnavailable, "the state cannot be read now; the log says why")
        case nil: return .words(.serviceUnavailable, "the state does not answer now; try again")
        }
    }

    private enum Found: Sendable {
        case batches([BatchSummary], RunSnapshot?)
        case error(String)
    }

    private func healthInTime() async -> (isWell: Bool, words: String) {
        await time.answer(within: Self.patience, from: health) ?? (false, "the health check does not answer")
    }
}

extension Response {
    fileprivate static func words(
        _ status: HTTPResponse.Status, _ words: String, headers: HTTPFields = [:]
    ) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain; charset=utf-8"
        return guarded(status, headers, words + "\n", policy: "default-src 'none'; frame-ancestors 'none'")
    }

    fileprivate static func page(_ page: Page) -> Response {
        var random = SystemRandomNumberGenerator()
        let nonce = String(random.next(), radix: 36) + String(random.next(), radix: 36)
        return guarded(
            .ok, [.contentType: "text/html; charset=utf-8"], page.html(nonce: nonce),
            policy: "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'")
    }

    private static func guarded(
        _ status: HTTPResponse.Status, _ headers: HTTPFields, _ text: String, policy: String
    ) -> Response {
        var headers = headers
        headers[.contentSecurityPolicy] = policy
        headers[.xContentTypeOptions] = "nosniff"
        headers[.cacheControl] = "no-store"
        for (name, value) in Self.guards { headers[name] = value }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private static let guards: [HTTPField.Name: String] = {
        let pairs = [("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin")]
        return Dictionary(
            uniqueKeysWithValues: pairs.compactMap { name, value in HTTPField.Name(name).map { ($0, value) } })
    }()
}
