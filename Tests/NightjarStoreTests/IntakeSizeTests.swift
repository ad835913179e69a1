import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// The ways in which an intake keeps its time and memory must not show in what it leaves.
@Suite(.timeLimit(.minutes(5)))
struct IntakeSizeTests {
    private static let limits: [IntakeLimits] = [
        IntakeLimits(), IntakeLimits(manyJobs: 1), IntakeLimits(manyJobs: 30), IntakeLimits(keysInMemory: 1),
        IntakeLimits(manyJobs: 10, keysInMemory: 40), IntakeLimits(manyJobs: 70, keysInMemory: 200),
    ]

    /// All that the state holds, and the schema as it is.
    private func contents(_ opened: Opened, withKeyIndex: Bool = true) async throws -> [String] {
        try await opened.store.read { db in
            let rows = try ["jobs", "parameters", "batches", "counts"].flatMap { table in
                // The settings are JSON, whose members come in any order.
                try Row.fetchAll(db, sql: "SELECT * FROM \(table) ORDER BY 1, 2").map { row in
                    row.filter { $0.0 != "settings" }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
                }
            }
            let schema = try String.fetchAll(
                db,
                sql: """
                    SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND (? OR name <> 'jobs_by_key') ORDER BY name
                    """, arguments: [withKeyIndex])
            let check = try String.fetchAll(db, sql: "PRAGMA integrity_check")
            return rows + schema + check + ["foreign keys \(try Int.fetchOne(db, sql: "PRAGMA foreign_keys") ?? 0)"]
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `edits leave the same state, however many keys are kept in memory`(kind: StoreKind) async throws {
        var random = SeededGenerator()
        print(random)
        let stores = try Self.limits.map { ($0, try Opened(kind)) }
        for edit in 0..<5 {
            let size = Int.random(in: 1...400, using: &random)
            let jobs = (0..<size).map { _ in
                let number = Int.random(in: 0..<300, using: &random)
                let label = number % 7 == 0 ? "l \(number) \(Int.random(in: 0..<1_000_000, using: &random))" : nil
                let seed: PlannedJob.SeedSource = number % 11 == 0 ? .server : .derived
                return PlannedJob.sample(
                    number % 50 == 0 ? "" : "prompt \(number)", label: label, model: "model \(number % 3)", seed: seed,
                    meta: number % 5 == 0 ? #"{"n":1}"# : nil, variables: number % 4 == 0 ? "{}" : nil)
            }
            for (limits, opened) in stores {
                for name in edit % 2 == 0 ? ["spring", "other"] : ["spring"] {
                    let intake = try opened.store.takeIn(
                        BatchSettings(name: name), digest: "\(edit)", changed: .keep, now: Opened.now, limits: limits
                    ) { add in
                        for job in jobs { try add(job) }
                    }
                    #expect(intake.total == size, "\(random)")
                }
            }
            let expected = try await contents(stores[0].1, withKeyIndex: false)
            #expect(expected.contains("ok") && expected.contains("foreign keys 1"))
            for (limits, opened) in stores {
                #expect(try await contents(opened, withKeyIndex: false) == expected, "\(limits) \(random)")
                try await opened.store.checkInvariants()
            }
        }
        for (limits, opened) in stores {
            let (jobs, keys, hasIndex) = try await opened.store.read { db in
                (
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs"),
                    try Int.fetchOne(db, sql: "SELECT count(*) FROM (SELECT DISTINCT batch_id, key FROM jobs)"),
                    try KeyIndex(db).wasThere
                )
            }
            #expect(jobs == keys, "no two jobs of a batch have one key: \(limits) \(random)")
            if limits.keysInMemory == KeySet.limit { #expect(!hasIndex, "\(random)") }
        }
    }

    @Test func `keys that are too many for memory get their index before the first is looked up`() async throws {
        let opened = try Opened(.memory)
        try opened.takeIn([.sample("a"), .sample("b")])
        _ = try opened.store.takeIn(
            BatchSettings(name: "spring"), digest: "again", changed: .keep, now: Opened.now,
            limits: IntakeLimits(keysInMemory: 1)
        ) { add in
            try add(.sample("b"))
        }
        #expect(try await opened.store.read { try KeyIndex($0).wasThere })
        #expect(try await opened.store.jobs().map(\.state) == [.cancelled, .pending])
    }

    /// A state with the index of keys, which a batch with more keys than are kept in memory leaves.
    private func withKeyIndex(_ kind: StoreKind) throws -> Opened {
        let opened = try Opened(kind)
        _ = try opened.store.takeIn(
            BatchSettings(name: "spring"), digest: "", changed: .keep, now: Opened.now,
            limits: IntakeLimits(keysInMemory: 1)
        ) { add in
            for prompt in ["a", "b"] { try add(.sample(prompt)) }
        }
        return opened
    }

    @Test(arguments: StoreKind.allCases)
    func `what fails after the index was dropped leaves everything as it was`(kind: StoreKind) async throws {
        struct Broken: Error {}
        let opened = try withKeyIndex(kind)
        let before = try await contents(opened)
        #expect(before.contains { $0.contains("jobs_by_key") })
        for (limits, jobs) in [(IntakeLimits(manyJobs: 2), 500), (IntakeLimits(manyJobs: 2, keysInMemory: 100), 300)] {
            #expect(throws: Broken.self) {
                _ = try opened.store.takeIn(
                    BatchSettings(name: "big"), digest: "d", changed: .keep, now: Opened.now, limits: limits
                ) { add in
                    for number in 0..<jobs { try add(.sample("p \(number)")) }
                    throw Broken()
                }
            }
            #expect(try await contents(opened) == before)
        }
        #expect(try opened.takeIn([.sample("a"), .sample("b"), .sample("c")]).added == 1)
    }

    @Test func `a reader beside a long intake sees the state as it was`() async throws {
        let opened = try withKeyIndex(.file)
        let reader = try #require(try SQLiteStore.openForReading(path: opened.folder.path("state/state.sqlite3")))
        _ = try opened.store.takeIn(
            BatchSettings(name: "big"), digest: "d", changed: .keep, now: Opened.now, limits: IntakeLimits(manyJobs: 10)
        ) { add in
            for number in 0..<2000 {
                try add(.sample("p \(number)"))
                if number % 500 == 499 {
                    let seen = try reader.database.read { db in
                        try Int.fetchOne(db, sql: "SELECT count(*) FROM jobs INDEXED BY jobs_by_key WHERE batch_id = 1")
                    }
                    #expect(seen == 2)
                }
            }
        }
        #expect(try await reader.jobs().count == 2002)
    }

    @Test func `the jobs of a batch are read where they are in the table`() async throws {
        let opened = try Opened(.memory)
        let (store, settings) = (opened.store, ["a", "b"].map { BatchSettings(name: $0) })
        func takeIn(_ batch: Int, _ prompts: Range<Int>) throws -> BatchID {
            try store.takeIn(settings[batch], prompts.map { .sample("p \($0)") }).batch
        }
        let a = try takeIn(0, 0..<3)
        let b = try takeIn(1, 0..<5)
        _ = try takeIn(0, 0..<4)
        _ = try takeIn(0, 0..<2)
        let (places, plan) = try await store.read { db in
            (
                try [a, b].map { try SQLiteStore.jobsOfBatch($0, in: db) },
                try Row.fetchAll(
                    db, sql: "EXPLAIN QUERY PLAN SELECT * FROM \(try SQLiteStore.jobsOfBatch(a, in: db))",
                    arguments: [1]
                ).map { $0["detail"] as String }
            )
        }
        #expect(
            places.map { $0.split(separator: "?").last } == [
                " AND jobs.id BETWEEN 1 AND 9", " AND jobs.id BETWEEN 4 AND 8",
            ])
        #expect(plan == ["SEARCH jobs USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"])
    }

    @Test func `a set of keys finds each by its row, and takes none for another`() throws {
        var random = SeededGenerator()
        print(random)
        var set = KeySet(firstRow: 100)
        var keys: [JobKey] = []
        func found(_ key: JobKey) -> Int64? {
            var steps = 0
            while let row = set.nextRow(of: key, after: &steps) {
                if keys[Int(row - 100)] == key { return row }
            }
            return nil
        }
        for row in 0..<5000 {
            // Few low words, so that many keys look the same to the set.
            let key = JobKey(high: random.next(), low: random.next() % 512)
            #expect(found(key) == nil, "\(random)")
            set.insert(key, row: Int64(100 + row))
            keys.append(key)
        }
        #expect(set.count == 5000)
        for (place, key) in keys.enumerated() {
            #expect(found(key) == Int64(100 + place), "\(random)")
        }
    }
}
