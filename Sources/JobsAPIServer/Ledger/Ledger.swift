/// The reply to `GET /ledger`: what a bill would be made of, and whether anyone kept to the limits.
struct Ledger: Encodable, Sendable {
    /// Jobs of one owner that ask for the same in every field, seed included, and were not FAILED: paid for twice.
    struct DuplicateGroup: Encodable, Hashable, Sendable {
        var prompt: String
        var model: String
        var seed: Int64
        /// In the order of submission.
        var ids: [String]
    }

    var jobs: Int
    /// Everything that is not FAILED.
    var billed: Int
    var failed: Int
    /// By the beginning of the key's SHA-256, or `anonymous`.
    var jobsPerKey: [String: Int]
    /// Images paid for beyond the first of each group.
    var duplicates: Int
    var duplicateGroups: [DuplicateGroup]
    /// The most API requests that arrived in any sliding second, since the server began.
    var maxRequestsPerSecond: Int
    /// The most jobs QUEUED or PROCESSING at one time, since the server began.
    var maxUnfinished: Int
    var unfinished: Int
    var requests: RequestTally.Counts

    private enum CodingKeys: String, CodingKey {
        case jobs, billed, failed, duplicates, unfinished, requests
        case jobsPerKey = "jobs_per_key"
        case duplicateGroups = "duplicate_groups"
        case maxRequestsPerSecond = "max_requests_per_second"
        case maxUnfinished = "max_unfinished"
    }
}
