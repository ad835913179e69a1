import GRDB
import GRDBSQLite
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// Two submissions of one fingerprint are never out at one time; what must wait for that costs nothing while it waits.
@Suite(.timeLimit(.minutes(5)))
struct TakenFingerprintsTests {
    private static let taken = Fingerprint(model: "model-a", seed: 1)

    private static func jobs(_ seeds: [Int64?], model: String = "model-a", from first: Int = 0) -> [PlannedJob] {
        seeds.enumerated().map { place, seed in
            .sample("p \(first + place)", model: model, seed: seed.map { .manifest($0) } ?? .server)
        }
    }

    private static func indices(_ claimed: [ClaimedJob]) -> [Int] { claimed.map(\.reference.index) }

    @Test(arguments: StoreKind.allCases) func `taken fingerprints are passed over, and none is claimed twice at once`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn(
            Self.jobs([1, 1, 2, 2, 3, nil, nil, 1]) + Self.jobs([1], model: "model-b", from: 8)
        )
        .batch
        let first = try await opened.store.claim(3, of: batch, avoiding: [Self.taken], now: Opened.now)
        #expect(Self.indices(first) == [2, 4, 5])
        let two = Fingerprint(model: "model-a", seed: 2)
        let second = try await opened.store.claim(9, of: batch, avoiding: [Self.taken, two], now: Opened.now)
        #expect(Self.indices(second) == [6, 8], "a server's seed and another model hold nothing up")
        #expect(try await opened.store.claim(9, of: batch, avoiding: [Self.taken, two], now: Opened.now).isEmpty)
        let third = try await opened.store.claim(9, of: batch, avoiding: [two], now: Opened.now)
        #expect(Self.indices(third) == [0])
        let fourth = try await opened.store.claim(9, of: batch, now: Opened.now)
        #expect(Self.indices(fourth) == [1, 3])
        #expect(Self.indices(try await opened.store.claim(9, of: batch, now: Opened.now)) == [7])
    }

    @Test(arguments: StoreKind.allCases) func `what waits for another attempt waits for its fingerprint, too`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn(Self.jobs([1, 2, 3])).batch
        for number in 0..<3 {
            let due = Opened.now + .seconds(3 - number)
            try await opened.claim(
                batch, then: [.submitted(RemoteJobID("\(number)"), attempt: 1), .waiting(until: due, attempt: 1)])
        }
        let store = opened.store
        let later = Opened.now + .seconds(9)
        #expect(try await store.claim(9, of: batch, avoiding: [Self.taken], now: Opened.now).isEmpty)
        #expect(Self.indices(try await store.claim(1, of: batch, avoiding: [Self.taken], now: later)) == [2])
        #expect(Self.indices(try await store.claim(9, of: batch, avoiding: [Self.taken], now: later)) == [1])
        #expect(Self.indices(try await store.claim(9, of: batch, now: later)) == [0])
    }

    @Test func `a job that comes back among those that are held up is seen`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn(Self.jobs([2, 1, 1, nil, 3])).batch
        let store = opened.store
        let claimed = try await store.claim(9, of: batch, avoiding: [Self.taken], now: Opened.now)
        #expect(Self.indices(claimed) == [0, 3, 4])
        for job in claimed.prefix(2) {
            _ = try await opened.record(job.id, batch, from: .submitting, to: .pending(attempt: 0))
        }
        #expect(Self.indices(try await store.claim(9, of: batch, avoiding: [Self.taken], now: Opened.now)) == [0, 3])
        try opened.takeIn(Self.jobs([2, 1, 1, nil, 3, 4, 5]))
        #expect(Self.indices(try await store.claim(9, of: batch, avoiding: [Self.taken], now: Opened.now)) == [5, 6])
    }

    @Test func `in any order of claims and answers, none is lost or out twice`() async throws {
        let opened = try Opened(.memory)
        var random = SeededGenerator()
        let seeds = (0..<300).map { _ in Int.random(in: 0..<9, using: &random) }
            .map { $0 == 8 ? nil : Int64($0 * $0 / 8) }
        let batch = try opened.takeIn(Self.jobs(seeds)).batch
        var out: [ClaimedJob] = []
        var done = 0
        var now = Opened.now
        for step in 0..<4000 where done < 300 {
            now = now + .milliseconds(100)
            if Bool.random(using: &random),
                let job = out.indices.randomElement(using: &random).map({ out.remove(at: $0) })
            {
                let id = RemoteJobID("\(step)")
                switch Int.random(in: 0..<4, using: &random) {
                case 0: _ = try await opened.record(job.id, batch, from: .submitting, to: .pending(attempt: 0))
                case 1:
                    _ = try await opened.record(job.id, batch, from: .submitting, to: .submitted(id, attempt: 1))
                    let due = now + .milliseconds(Int.random(in: 0..<3000, using: &random))
                    _ = try await opened.record(job.id, batch, from: .submitted, to: .waiting(until: due, attempt: 1))
                default:
                    _ = try await opened.record(job.id, batch, from: .submitting, to: .submitted(id, attempt: 1))
                    done += 1
                }
                continue
            }
            let limit = Int.random(in: 1...4, using: &random)
            let taken = Set(out.compactMap(\.request.fingerprint))
            let claimed = try await opened.store.claim(limit, of: batch, avoiding: taken, now: now)
            out += claimed
            let prints = out.compactMap(\.request.fingerprint)
            #expect(Set(prints).count == prints.count, "\(random), step \(step)")
            if claimed.count < limit {
                // Nothing that could have gone was left behind.
                let left = try await opened.store.read { [now] db in
                    try Row.fetchAll(
                        db,
                        sql: """
                            SELECT seed FROM jobs WHERE state = 'pending' OR (state = 'waiting' AND due_at_ms <= ?)
                            """, arguments: [now.milliseconds]
                    ).map { $0["seed"] as Int64? }
                }
                #expect(
                    left.allSatisfy { $0.map { prints.map(\.seed).contains($0) } ?? false }, "\(random), step \(step)")
            }
        }
        #expect(done == 300, "\(random)")
    }

    @Test(arguments: [false, true]) func `jobs that are held up are read once, not at every claim`(areWaiting: Bool)
        async throws
    {
        let opened = try Opened(.memory)
        let heldUp = 100_000
        let batch = try opened.takeIn(Self.jobs([1])).batch
        let store = opened.store
        try await store.database.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1 + 999)
                    INSERT INTO jobs(batch_id, idx, key, state, parameters_id, prompt, seed, created_at_ms, updated_at_ms)
                    SELECT batch_id, n, randomblob(16), state, parameters_id, 'p', iif(n < ?1, 1, n), 0, 0
                    FROM numbers, jobs WHERE jobs.id = 1
                    """, arguments: [heldUp])
            if areWaiting { try db.execute(sql: "UPDATE jobs SET state = 'waiting', due_at_ms = idx") }
        }
        let steps = Steps()
        try await store.database.write { steps.count($0) }
        let (claimed, first) = try await steps.taken {
            try await store.claim(8, of: batch, avoiding: [Self.taken], now: Opened.now)
        }
        #expect(Self.indices(claimed) == Array(heldUp..<heldUp + 8))
        #expect(first > heldUp, "they are read once")
        var out = Set(claimed.compactMap(\.request.fingerprint))
        for _ in 0..<20 {
            let (claimed, count) = try await steps.taken { [out] in
                try await store.claim(8, of: batch, avoiding: out.union([Self.taken]), now: Opened.now)
            }
            #expect(claimed.count == 8)
            #expect(count < 20_000, "\(count) steps of SQLite")
            out = Set(claimed.compactMap(\.request.fingerprint))
        }
        // One after another of the many goes, whenever the one before is through.
        for index in 0..<20 {
            let (claimed, count) = try await steps.taken {
                try await store.claim(1, of: batch, avoiding: [], now: Opened.now)
            }
            #expect(Self.indices(claimed) == [index])
            #expect(count < 20_000, "\(count) steps of SQLite")
        }
    }

    /// Counts what SQLite's machine does, in steps of its programs.
    private final class Steps: Sendable {
        private let number = Locked(0)

        func count(_ db: Database) {
            sqlite3_progress_handler(
                db.sqliteConnection, 100,
                { context in
                    guard let context else { return 0 }
                    Unmanaged<Steps>.fromOpaque(context).takeUnretainedValue().number.withLock { $0 += 100 }
                    return 0
                }, Unmanaged.passUnretained(self).toOpaque())
        }

        func taken<Value>(_ body: () async throws -> Value) async throws -> (Value, Int) {
            let before = number.value
            let value = try await body()
            return (value, number.value - before)
        }
    }
}
