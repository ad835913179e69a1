import HTTPTypes
import JobsAPI

/// Where a request wants to go.
enum Route: Equatable, Sendable {
    case submit
    case list
    case job(String)
    case models
    case image(String)
    case ledger
    case unknown
    /// The path is known, the method is not.
    case wrongMethod(allowed: String)

    /// Before all paths of the API.
    static let base = "/api/openai/v1"
    /// Before the names of images.
    static let images = "/api/cdn/images/"

    /// - Parameter path: As it stands in the request, without the query.
    init(method: HTTPRequest.Method, path: String) {
        func only(_ allowed: HTTPRequest.Method..., route: Route) -> Route {
            allowed.contains(method)
                ? route : .wrongMethod(allowed: allowed.map(\.rawValue).joined(separator: ", "))
        }
        if path == "/ledger" {
            self = only(.get, route: .ledger)
        } else if path.hasPrefix(Self.images) {
            self = only(.get, .head, route: .image(String(path.dropFirst(Self.images.count))))
        } else if path.hasPrefix(Self.base) {
            let rest = String(path.dropFirst(Self.base.count))
            switch rest {
            case JobsAPIPath.submit: self = only(.post, route: .submit)
            case JobsAPIPath.models: self = only(.get, route: .models)
            case JobsAPIPath.jobs: self = only(.get, route: .list)
            default:
                let segments = rest.split(separator: "/", omittingEmptySubsequences: false)
                guard segments.count == 3, segments[0].isEmpty, segments[1] == "jobs", !segments[2].isEmpty,
                    let id = Self.percentDecoded(segments[2])
                else {
                    self = .unknown
                    return
                }
                self = only(.get, route: .job(id))
            }
        } else {
            self = .unknown
        }
    }

    /// - Returns: `nil` when an escape is broken, or the result is no UTF-8.
    static func percentDecoded(_ segment: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = segment.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let text = String(digits), text.allSatisfy(\.isHexDigit),
                let value = UInt8(text, radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
