/// The body of every reply that is not 2xx.
package struct ErrorReply: Codable, Hashable, Sendable {
    /// What went wrong; also the `error` of a FAILED job.
    package struct Details: Codable, Hashable, Sendable {
        package var message: String
        /// A class of errors, such as `invalid_request_error`.
        package var type: String?
        /// A short name, or a number as text.
        package var code: String?

        package init(message: String, type: String? = nil, code: String? = nil) {
            self.message = message
            self.type = type
            self.code = code
        }

        private enum CodingKeys: String, CodingKey { case message, type, code }

        /// Reads an object with a `message`, or a plain string.
        package init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.init(message: text)
                return
            }
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let code =
                (try? fields.decode(String.self, forKey: .code)) ?? fields.lenientInteger(.code).map { String($0) }
            self.init(
                message: try fields.decode(String.self, forKey: .message),
                type: try? fields.decode(String.self, forKey: .type), code: code)
        }
    }

    package var error: Details

    package init(_ error: Details) {
        self.error = error
    }
}
