/// A job's `status`. One that nobody has heard of keeps its name.
package struct JobStatus: RawRepresentable, Codable, Hashable, Sendable {
    package var rawValue: String

    /// Waits for a worker.
    package static let queued = JobStatus(rawValue: "QUEUED")
    package static let processing = JobStatus(rawValue: "PROCESSING")
    package static let completed = JobStatus(rawValue: "COMPLETED")
    package static let failed = JobStatus(rawValue: "FAILED")

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// Reads the four known names in any case.
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        let upper = JobStatus(rawValue: text.uppercased())
        self = upper.isKnown ? upper : JobStatus(rawValue: text)
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(rawValue)
    }

    package var isKnown: Bool {
        self == .queued || self == .processing || isFinal
    }

    /// Nothing more happens to the job.
    package var isFinal: Bool {
        self == .completed || self == .failed
    }
}
