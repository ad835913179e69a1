/// A job's row in the state: small, stable, never shown to people.
package struct JobID: Hashable, Sendable, Comparable {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (left: JobID, right: JobID) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A batch's row in the state. People know a batch by its name.
package struct BatchID: Hashable, Sendable, Codable, Comparable {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The one that was first seen earlier.
    package static func < (left: BatchID, right: BatchID) -> Bool { left.rawValue < right.rawValue }
}

/// A job's id at the API: opaque, percent-encoded in paths, never part of a file's name.
package struct RemoteJobID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }
}
