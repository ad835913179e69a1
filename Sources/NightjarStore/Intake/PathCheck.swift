internal import GRDB
internal import NightjarCore

/// Whether jobs share a path; costs nothing where the template tells all jobs apart by itself, else 24 bytes a job.
struct PathCheck {
    private struct Entry {
        /// Of the path, as this process hashes.
        var hash: Int
        /// File, line and column, in this order; so entries compare as their places do.
        var place: UInt64
        var row: Int64
    }

    /// Conflicts that are told, of however many.
    private static let told = 20
    private let template: PathTemplate
    private let batch: String
    private let isNeeded: Bool
    private var entries: [Entry] = []
    private var files: [String] = []

    init(_ settings: BatchSettings) throws {
        template = try PathTemplate(settings.pathTemplate)
        batch = settings.name
        isNeeded = !template.tellsJobsApart
    }

    mutating func add(_ job: PlannedJob, key: JobKey, index: Int, seed: Int64?, row: Int64) {
        guard isNeeded else { return }
        var path = template.path(
            for: PathTemplate.Values(
                batch: batch, index: index, prompt: job.prompt, seed: seed, label: job.label, key: key,
                model: job.parameters.model, variables: job.variables),
            ext: "png")
        var hasher = Hasher()
        path.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        entries.append(Entry(hash: hasher.finalize(), place: pack(job.place), row: row))
    }

    /// - Throws: `IntakeConflicts` where jobs share paths, as their rows have it now.
    mutating func check(_ db: Database) throws {
        entries.sort { ($0.hash, $0.place, $0.row) < ($1.hash, $1.place, $1.row) }
        var found: [(later: Entry, first: Entry, path: String)] = []
        var count = 0
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].hash == entries[start].hash { end += 1 }
            if end - start > 1 {
                // Equal hashes may be of two paths, and a seed may have been drawn again.
                var firsts: [[UInt8]: Entry] = [:]
                for entry in entries[start..<end] {
                    guard let path = try path(of: entry.row, db) else { continue }
                    guard let first = firsts[Array(path.utf8)] else {
                        firsts[Array(path.utf8)] = entry
                        continue
                    }
                    count += 1
                    found.append((entry, first, path))
                    if found.count >= 2 * Self.told { found = Self.earliest(found) }
                }
            }
            start = end
        }
        guard count > 0 else { return }
        let conflicts = Self.earliest(found).map { later, first, path in
            IntakeConflict(
                message: "two jobs share the path `\(path)`", place: unpack(later.place), first: unpack(first.place))
        }
        throw IntakeConflicts(conflicts: conflicts, omitted: count - conflicts.count)
    }

    private static func earliest(
        _ found: [(later: Entry, first: Entry, path: String)]
    ) -> [(later: Entry, first: Entry, path: String)] {
        Array(found.sorted { ($0.later.place, $0.later.row) < ($1.later.place, $1.later.row) }.prefix(told))
    }

    private func path(of row: Int64, _ db: Database) throws -> String? {
        let find = try db.cachedStatement(
            sql: """
                SELECT idx, key, label, prompt, seed, variables, model
                FROM jobs JOIN parameters ON parameters.id = parameters_id WHERE jobs.id = ?
                """)
        guard let job = try Row.fetchOne(find, arguments: [row]) else { return nil }
        return template.path(
            for: PathTemplate.Values(
                batch: batch, index: job["idx"], prompt: job["prompt"], seed: job["seed"], label: job["label"],
                key: JobRow.key(job), model: job["model"], variables: job["variables"]),
            ext: "png")
    }

    // MARK: Places

    private static let lineBits: UInt64 = 32
    private static let columnBits: UInt64 = 16

    private mutating func pack(_ place: SourcePlace) -> UInt64 {
        if files.last != place.file, !files.contains(place.file) { files.append(place.file) }
        let file = files.last == place.file ? files.count - 1 : files.firstIndex(of: place.file) ?? 0
        let line = UInt64(min(max(place.line, 0), 1 << Self.lineBits - 1))
        let column = UInt64(min(max(place.column, 0), 1 << Self.columnBits - 1))
        return UInt64(min(file, 0xFFFF)) << (Self.lineBits + Self.columnBits) | line << Self.columnBits | column
    }

    private func unpack(_ place: UInt64) -> SourcePlace {
        SourcePlace(
            file: files[Int(place >> (Self.lineBits + Self.columnBits))],
            line: Int(place >> Self.columnBits & (1 << Self.lineBits - 1)),
            column: Int(place & (1 << Self.columnBits - 1)))
    }
}
