internal import GRDB
internal import NightjarCore

/// A moment as three columns: milliseconds of the boot clock, the number of the start, milliseconds of the API's clock.
enum StoredMoment {
    /// The number of a start of a machine, given when it is first seen.
    static func bootNumber(_ bootID: String, in db: Database) throws -> Int64 {
        let find = try db.cachedStatement(sql: "SELECT id FROM boots WHERE boot_id = ?")
        if let known = try Int64.fetchOne(find, arguments: [bootID]) { return known }
        try db.execute(sql: "INSERT INTO boots(boot_id) VALUES (?)", arguments: [bootID])
        return db.lastInsertedRowID
    }

    /// The three columns' values; all `NULL` for `nil`.
    static func values(_ moment: Moment?, in db: Database) throws -> StatementArguments {
        guard let moment else { return [nil as Int64?, nil as Int64?, nil as Int64?] }
        return [moment.boot, try bootNumber(moment.bootID, in: db), moment.api?.milliseconds]
    }

    /// Reads moments of many rows: the starts are read once.
    struct Reader {
        private let bootIDs: [Int64: String]

        init(_ db: Database) throws {
            bootIDs = try Row.fetchAll(db, sql: "SELECT id, boot_id FROM boots")
                .reduce(into: [:]) { $0[$1["id"]] = $1["boot_id"] }
        }

        /// - Parameter prefix: Of the columns' names: `lost_` for `lost_boot_ms` and so on.
        func moment(_ row: Row, _ prefix: String = "") -> Moment? {
            guard let boot: Int64 = row["\(prefix)boot_ms"], let number: Int64 = row["\(prefix)boot_no"] else {
                return nil
            }
            let api: Int64? = row["\(prefix)api_ms"]
            return Moment(boot: boot, bootID: bootIDs[number] ?? "", api: api.map(WallTime.init(milliseconds:)))
        }
    }
}
