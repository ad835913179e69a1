/// Where the requests of the Jobs API go, relative to the base URL (which ends without `/`), and the headers it knows.
package enum JobsAPIPath {
    package static let defaultBaseURL = "https://api.serika.dev/api/openai/v1"
    /// `POST`.
    package static let submit = "/jobs/images"
    /// `GET`.
    package static let models = "/models"
    /// `GET`, with the most recent jobs as the API chooses them.
    package static let jobs = "/jobs"

    /// Names the submission, so that a repeated one makes no second job.
    package static let idempotencyKeyHeader = "Idempotency-Key"
    package static let retryAfterHeader = "Retry-After"

    /// `GET` of one job.
    /// - Parameter id: Opaque: whatever it holds, it stays one segment of the path.
    package static func job(_ id: String) -> String {
        "\(jobs)/\(segment(id))"
    }

    /// `GET` of one page of jobs.
    /// - Parameters:
    ///   - limit: Rows, at least 1.
    ///   - after: Only rows older than this job.
    package static func jobs(limit: Int, after: String? = nil) -> String {
        "\(jobs)?limit=\(limit)" + (after.map { "&after=\(segment($0))" } ?? "")
    }

    /// `text` with all but the unreserved characters of RFC 3986 percent-encoded; the dots of `.` and `..` too.
    package static func segment(_ text: String) -> String {
        let dotsAreSafe = text != "." && text != ".."
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x7E:  // digits, letters, `-`, `_`, `~`
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x2E where dotsAreSafe:
                encoded += "."
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += (byte < 16 ? "%0" : "%") + digits
            }
        }
        return encoded
    }
}
