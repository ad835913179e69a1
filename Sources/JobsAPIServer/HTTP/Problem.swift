import HTTPTypes
import JobsAPI

/// A request that is not answered with what it asked for.
struct Problem: Error, Equatable {
    var status: HTTPResponse.Status
    var message: String
    var type: String
    var code: String
    var headers: HTTPFields = [:]

    static func invalid(_ message: String, code: String = "invalid_value") -> Problem {
        Problem(status: .badRequest, message: message, type: "invalid_request_error", code: code)
    }

    static let tooLarge = Problem(
        status: .contentTooLarge, message: "the body is larger than 1 MiB", type: "invalid_request_error",
        code: "body_too_large")

    static func unknownRoute(_ path: String) -> Problem {
        Problem(
            status: .notFound, message: "there is nothing at `\(path.prefix(200))`", type: "invalid_request_error",
            code: "unknown_route")
    }

    static func methodNotAllowed(_ method: String, allowed: String) -> Problem {
        Problem(
            status: .methodNotAllowed, message: "`\(method.prefix(20))` is not answered here, only \(allowed)",
            type: "invalid_request_error", code: "method_not_allowed", headers: [.allow: allowed])
    }

    static func noSuchJob(_ id: String) -> Problem {
        Problem(
            status: .notFound, message: "there is no job `\(id.prefix(200))`", type: "invalid_request_error",
            code: "job_not_found")
    }

    static let noSuchImage = Problem(
        status: .notFound, message: "there is no such image", type: "invalid_request_error", code: "image_not_found")

    /// - Parameter isMissing: Whether no key was given at all.
    static func unauthorized(isMissing: Bool) -> Problem {
        let message =
            isMissing
            ? "a key is needed: send it as `Authorization: Bearer KEY`" : "this key is not one of those that are let in"
        return Problem(
            status: .unauthorized, message: message, type: "authentication_error",
            code: isMissing ? "missing_api_key" : "invalid_api_key",
            headers: [.wwwAuthenticate: #"Bearer realm="jobs""#])
    }

    static func rateLimited(rate: Int, seconds: Int) -> Problem {
        Problem(
            status: .tooManyRequests, message: "more than \(rate) requests a second", type: "rate_limit_error",
            code: "rate_limit_exceeded", headers: [.retryAfter: String(seconds)])
    }

    static let idempotencyKeyTaken = Problem(
        status: .conflict, message: "another request came under this `\(JobsAPIPath.idempotencyKeyHeader)` before",
        type: "idempotency_error", code: "idempotency_key_reused")

    static let internalError = Problem(
        status: .internalServerError, message: "the server could not do this; its log says why", type: "server_error",
        code: "internal_error")
}
