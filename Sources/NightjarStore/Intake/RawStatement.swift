internal import GRDB
internal import GRDBSQLite
internal import Glibc
internal import NightjarCore

/// A prepared statement that is bound, stepped and read through SQLite's own calls: what is done a million times in a row
/// has no time for values in between.
///
/// Whoever binds a pointer keeps the bytes until the step.
struct RawStatement {
    /// Owns the handle.
    private let statement: Statement
    private let handle: SQLiteStatement
    private let connection: SQLiteConnection?

    /// - Parameter sql: One statement.
    init(_ db: Database, _ sql: String) throws {
        statement = try db.makeStatement(sql: sql)
        handle = statement.sqliteStatement
        connection = db.sqliteConnection
    }

    var columnNames: [String] { statement.columnNames }

    func bind(_ value: Int64, at place: Int32) {
        sqlite3_bind_int64(handle, place, value)
    }

    func bind(_ value: Int64?, at place: Int32) {
        if let value { sqlite3_bind_int64(handle, place, value) } else { sqlite3_bind_null(handle, place) }
    }

    func bindNull(at place: Int32) {
        sqlite3_bind_null(handle, place)
    }

    func bindText(_ bytes: UnsafeRawBufferPointer, at place: Int32) {
        sqlite3_bind_text(
            handle, place, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
    }

    func bindBlob(_ bytes: UnsafeRawBufferPointer, at place: Int32) {
        sqlite3_bind_blob(handle, place, bytes.baseAddress, Int32(bytes.count), nil)
    }

    /// SQLite keeps a copy, for all steps to come.
    func bindCopy(_ text: String, at place: Int32) {
        var text = text
        text.withUTF8 { bytes in
            _ = sqlite3_bind_text(
                handle, place, UnsafeRawPointer(bytes.baseAddress)?.assumingMemoryBound(to: CChar.self),
                Int32(bytes.count), unsafeBitCast(-1, to: sqlite3_destructor_type.self))
        }
    }

    /// A column of another statement's row, of whatever type.
    func bind(column: Int32, of other: RawStatement, at place: Int32) {
        sqlite3_bind_value(handle, place, sqlite3_column_value(other.handle, column))
    }

    /// - Returns: Whether there is a row to read; `reset` when done.
    func step() throws -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        sqlite3_reset(handle)
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }

    func reset() {
        sqlite3_reset(handle)
    }

    /// Runs what gives no rows.
    func run() throws {
        _ = try step()
        sqlite3_reset(handle)
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func optionalDouble(_ column: Int32) -> Double? {
        isNull(column) ? nil : sqlite3_column_double(handle, column)
    }

    func text(_ column: Int32) -> String? {
        isNull(column) ? nil : String(decoding: bytes(column), as: UTF8.self)
    }

    /// Of a text or a blob, until the next step.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        // The pointer first: it makes the text that is measured.
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    /// Whether the column holds these very bytes, or both are nothing.
    func holds(_ text: String?, _ column: Int32) -> Bool {
        guard var text else { return isNull(column) }
        if isNull(column) { return false }
        let known = bytes(column)
        return text.withUTF8 { bytes in
            guard bytes.count == known.count else { return false }
            guard let ours = bytes.baseAddress, let theirs = known.baseAddress else { return true }
            return memcmp(ours, theirs, known.count) == 0
        }
    }

    func key(_ column: Int32) -> JobKey? {
        let bytes = bytes(column)
        guard bytes.count == 16 else { return nil }
        return JobKey(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
