import FoundationEssentials
import HTTPTypes
import Hummingbird
import JobsAPI
import Logging
import NIOCore

/// Answers every request: counts it, finds its owner, holds it to the rate, and does what it asks.
struct APIResponder: HTTPResponder {
    typealias Context = PeerContext

    let keys: KeyRing
    let limiter: RateLimiter
    let tally: RequestTally
    let service: JobsService
    let rate: Int
    let logger: Logger

    func respond(to request: Request, context: PeerContext) async throws -> Response {
        do {
            return try await answer(request, context)
        } catch let problem as Problem {
            if problem.status == .unauthorized || problem.status == .tooManyRequests { tally.refused() }
            return try .problem(problem)
        } catch {
            logger.error("a request failed", metadata: ["error": "\(error)"])
            return try .problem(.internalError)
        }
    }

    private func answer(_ request: Request, _ context: PeerContext) async throws -> Response {
        let path = request.uri.path
        let route = Route(method: request.method, path: path)
        if path == Route.base || path.hasPrefix(Route.base + "/") { tally.arrived(route.kind) }
        switch route {
        case .submit:
            let owner = try admit(request)
            return try .json(try await service.submit(request, owner))
        case .list:
            let owner = try admit(request)
            return try .json(try await service.list(request.uri.queryParameters, owner))
        case .job(let id):
            let owner = try admit(request)
            return try .json(try await service.job(id, owner, Origin(request)))
        case .models:
            _ = try admit(request)
            return try .json(KnownModels.reply)
        case .image(let name):
            tally.arrived(.images)
            return try await service.image(name, request)
        case .ledger:
            // A proxy on this machine speaks for others.
            guard context.isLoopback, request.headers[Self.forwardedFor] == nil else {
                throw Problem.unknownRoute(path)
            }
            return try .json(try await service.ledger(tally))
        case .unknown:
            throw Problem.unknownRoute(path)
        case .wrongMethod(let allowed):
            throw Problem.methodNotAllowed(request.method.rawValue, allowed: allowed)
        }
    }

    /// - Throws: 401 and 429.
    private func admit(_ request: Request) throws(Problem) -> Owner {
        let authorization = request.headers[.authorization]
        guard let owner = keys.owner(authorization) else { throw .unauthorized(isMissing: authorization == nil) }
        if let seconds = limiter.secondsToWait(owner) { throw .rateLimited(rate: rate, seconds: seconds) }
        return owner
    }

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For") ?? .forwarded
}

extension Route {
    fileprivate var kind: RequestTally.Kind {
        switch self {
        case .submit: .submit
        case .list: .list
        case .job: .get
        case .models: .models
        case .image, .ledger, .unknown, .wrongMethod: .other
        }
    }
}

/// How the other side has reached the server, as the start of addresses that it can reach too.
struct Origin: Hashable, Sendable {
    /// `http://127.0.0.1:8788`, say.
    let text: String

    init(_ request: Request) {
        let isSecure = request.headers[Self.forwardedProtocol]?.lowercased() == "https"
        let host = (request.head.authority ?? "").filter { $0.isLetter || $0.isNumber || "-._:[]".contains($0) }
        text = "\(isSecure ? "https" : "http")://\(host.isEmpty ? "localhost" : host)"
    }

    private static let forwardedProtocol = HTTPField.Name("X-Forwarded-Proto") ?? .forwarded
}

extension HTTPField.Name {
    fileprivate static let forwarded = HTTPField.Name.via
}
