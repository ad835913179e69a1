import FoundationEssentials
import HTTPTypes
import Hummingbird
import JobsAPI
import NIOCore

extension Response {
    /// A reply in JSON.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(value))))
    }

    static func problem(_ problem: Problem) throws -> Response {
        let details = ErrorReply.Details(message: problem.message, type: problem.type, code: problem.code)
        return try json(ErrorReply(details), status: problem.status, headers: problem.headers)
    }
}
