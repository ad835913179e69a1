internal import GRDB
internal import NightjarCore

/// New jobs on their way into the table, many with one statement: what SQLite does once a statement costs more
/// than a row.
///
/// Their rows follow each other, so each is known before it is there.
final class JobRows {
    private struct Waiting {
        var index: Int64
        var key: JobKey
        var parameters: Int64
        var seed: Int64?
        /// Where in `bytes` the texts lie; the key comes first.
        var start: Int
        var label, prompt, variables, meta: Int?
    }

    static let rowsAtOnce = 64
    private static let bytesAtOnce = 1 << 20
    private let db: Database
    private let many: RawStatement
    private let one: RawStatement
    private var waiting: [Waiting] = []
    private var bytes: UnsafeMutableRawBufferPointer
    private var used = 0
    /// The row that the next job will have.
    private(set) var nextRow: Int64

    /// - Parameter lastRow: Of the table.
    init(_ db: Database, batch: BatchID, lastRow: Int64, now: WallTime) throws {
        self.db = db
        many = try Self.statement(db, rows: Self.rowsAtOnce, batch: batch, now: now)
        one = try Self.statement(db, rows: 1, batch: batch, now: now)
        bytes = .allocate(byteCount: 1 << 16, alignment: 1)
        nextRow = lastRow + 1
        waiting.reserveCapacity(Self.rowsAtOnce)
    }

    deinit {
        bytes.deallocate()
    }

    /// The first of those that are not in the table yet.
    private var firstWaitingRow: Int64 { nextRow - Int64(waiting.count) }

    /// - Returns: The job's row.
    func add(_ job: PlannedJob, index: Int, key: JobKey, parameters: Int64, seed: Int64?) throws -> Int64 {
        var row = Waiting(index: Int64(index), key: key, parameters: parameters, seed: seed, start: used)
        take(key)
        row.label = take(job.label)
        row.prompt = take(job.prompt)
        row.variables = take(job.variables)
        row.meta = take(job.meta)
        waiting.append(row)
        nextRow += 1
        if waiting.count == Self.rowsAtOnce || used > Self.bytesAtOnce { try flush() }
        return nextRow - 1
    }

    /// The key of a row that waits; `nil` for rows of the table.
    func waitingKey(of row: Int64) -> JobKey? {
        row >= firstWaitingRow ? waiting[Int(row - firstWaitingRow)].key : nil
    }

    /// Puts all that waits into the table.
    func flush() throws {
        guard !waiting.isEmpty else { return }
        if waiting.count == Self.rowsAtOnce {
            for (place, row) in waiting.enumerated() { bind(row, to: many, from: Self.firstPlace(place)) }
            try many.run()
        } else {
            for row in waiting {
                bind(row, to: one, from: Self.firstPlace(0))
                try one.run()
            }
        }
        guard db.lastInsertedRowID == nextRow - 1 else { throw StoreFailure.other("new jobs have unexpected rows") }
        waiting.removeAll(keepingCapacity: true)
        used = 0
    }

    // MARK: Statements

    private static let sharedPlaces = 3
    private static let ownPlaces = 8

    private static func firstPlace(_ row: Int) -> Int32 { Int32(sharedPlaces + row * ownPlaces + 1) }

    private static func statement(_ db: Database, rows: Int, batch: BatchID, now: WallTime) throws -> RawStatement {
        let values = (0..<rows).map { row in
            let own = (0..<ownPlaces).map { "?\(Int(firstPlace(row)) + $0)" }.joined(separator: ", ")
            return "(?1, ?2, ?3, ?3, \(own))"
        }
        // A conflict would end the whole transaction, so the single statement need not be able to go back.
        let statement = try RawStatement(
            db,
            """
            INSERT OR FAIL INTO jobs(batch_id, state, created_at_ms, updated_at_ms,
                idx, key, label, parameters_id, prompt, seed, variables, meta)
            VALUES \(values.joined(separator: ", "))
            """)
        statement.bind(batch.rawValue, at: 1)
        statement.bindCopy(JobState.pending.rawValue, at: 2)
        statement.bind(now.milliseconds, at: 3)
        return statement
    }

    private func bind(_ row: Waiting, to statement: RawStatement, from place: Int32) {
        var start = row.start
        func text(_ count: Int?, _ place: Int32) {
            guard let count else { return statement.bindNull(at: place) }
            statement.bindText(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]), at: place)
            start += count
        }
        statement.bind(row.index, at: place)
        statement.bindBlob(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + 16)]), at: place + 1)
        start += 16
        text(row.label, place + 2)
        statement.bind(row.parameters, at: place + 3)
        text(row.prompt, place + 4)
        statement.bind(row.seed, at: place + 5)
        text(row.variables, place + 6)
        text(row.meta, place + 7)
    }

    // MARK: Bytes

    private func take(_ key: JobKey) {
        makeRoom(16)
        bytes.storeBytes(of: key.high.bigEndian, toByteOffset: used, as: UInt64.self)
        bytes.storeBytes(of: key.low.bigEndian, toByteOffset: used + 8, as: UInt64.self)
        used += 16
    }

    /// - Returns: How many bytes.
    private func take(_ text: String?) -> Int? {
        guard let text else { return nil }
        return text.utf8.span.bytes.withUnsafeBytes { source in
            makeRoom(source.count)
            UnsafeMutableRawBufferPointer(rebasing: bytes[used...]).copyMemory(from: source)
            used += source.count
            return source.count
        }
    }

    private func makeRoom(_ count: Int) {
        guard used + count > bytes.count else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: 2 * (used + count), alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<used]))
        bytes.deallocate()
        bytes = larger
    }
}
