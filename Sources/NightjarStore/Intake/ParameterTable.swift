internal import FoundationEssentials
internal import GRDB
internal import Glibc
internal import NightjarCore

/// The table of shared request fields, with those in memory that came up last.
struct ParameterTable {
    private let db: Database
    private let insert: Statement
    /// By digest: equal texts may be written in different bytes, which are different requests.
    private var known: [JobKey: Int64] = [:]
    private var last: (parameters: ImageRequest.Parameters, id: Int64)?

    init(_ db: Database) throws {
        self.db = db
        insert = try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO parameters(digest, model, negative_prompt, width, height, steps, cfg_scale, sampler)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """)
    }

    mutating func id(of parameters: ImageRequest.Parameters) throws -> Int64 {
        if let last, last.parameters == parameters, Self.areSameBytes(last.parameters, parameters) { return last.id }
        let digest = JobIdentity(prompt: "", parameters: parameters, seed: .derived).key(ordinal: 0)
        let id = try known[digest] ?? fetchID(of: parameters, digest: Data(digest.bytes))
        if known.count >= 4096 { known = [:] }
        known[digest] = id
        last = (parameters, id)
        return id
    }

    private static func areSameBytes(_ left: ImageRequest.Parameters, _ right: ImageRequest.Parameters) -> Bool {
        func same(_ one: String?, _ other: String?) -> Bool {
            guard let one, let other else { return one == nil && other == nil }
            return one.utf8.span.bytes.withUnsafeBytes { one in
                other.utf8.span.bytes.withUnsafeBytes { other in
                    guard one.count == other.count else { return false }
                    guard let start = one.baseAddress, let otherStart = other.baseAddress else { return true }
                    return memcmp(start, otherStart, one.count) == 0
                }
            }
        }
        return same(left.model, right.model) && same(left.negativePrompt, right.negativePrompt)
            && same(left.sampler, right.sampler)
    }

    private func fetchID(of parameters: ImageRequest.Parameters, digest: Data) throws -> Int64 {
        try insert.execute(arguments: [
            digest, parameters.model, parameters.negativePrompt, parameters.width, parameters.height, parameters.steps,
            parameters.cfgScale, parameters.sampler,
        ])
        if db.changesCount == 1 { return db.lastInsertedRowID }
        let id = try Int64.fetchOne(db, sql: "SELECT id FROM parameters WHERE digest = ?", arguments: [digest])
        guard let id else { throw StoreFailure.other("a row of request fields vanished") }
        return id
    }
}
