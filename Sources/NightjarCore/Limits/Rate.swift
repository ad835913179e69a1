/// How many API requests may be made in any sliding second or minute.
package struct Rate: Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Window: String, Hashable, Sendable, Codable {
        case second = "s"
        case minute = "min"

        package var duration: Duration {
            switch self {
            case .second: .seconds(1)
            case .minute: .seconds(60)
            }
        }
    }

    /// At least 1.
    package var requests: Int
    package var window: Window

    package init(requests: Int, per window: Window) {
        self.requests = requests
        self.window = window
    }

    /// Reads `5`, `5/s` or `60/min`.
    /// - Returns: `nil` when `text` is none of these, or the number is not 1…1,000,000.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { $0.trimmed() }
        guard let number = parts.first, number.utf8.allSatisfy({ (48...57).contains($0) }),
            let requests = Int(number), (1...1_000_000).contains(requests)
        else {
            return nil
        }
        switch parts.dropFirst().first {
        case nil where parts.count == 1: self.init(requests: requests, per: .second)
        case "s" where parts.count == 2: self.init(requests: requests, per: .second)
        case "min" where parts.count == 2: self.init(requests: requests, per: .minute)
        default: return nil
        }
    }

    package var description: String { "\(requests)/\(window.rawValue)" }
}
