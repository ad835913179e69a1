internal import FoundationEssentials
internal import GRDB
internal import NightjarCore

/// The table of shared request fields, with those in memory that came up last.
struct ParameterTable {
    private let db: Database
    private let insert: Statement
    private var known: [ImageRequest.Parameters: Int64] = [:]
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
        if let last, last.parameters == parameters { return last.id }
        let id = try known[parameters] ?? fetchID(of: parameters)
        if known.count >= 4096 { known = [:] }
        known[parameters] = id
        last = (parameters, id)
        return id
    }

    private func fetchID(of parameters: ImageRequest.Parameters) throws -> Int64 {
        let digest = Data(JobIdentity(prompt: "", parameters: parameters, seed: .derived).key(ordinal: 0).bytes)
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
