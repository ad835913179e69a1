import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// Whatever statement of an operation fails, nothing of it is left, and it can be done again.
@Suite(.timeLimit(.minutes(5)))
struct BrokenWriteTests {
    enum Operation: CaseIterable, Sendable {
        case claim, accept, lose, turnAway, fail, recover, claimAgain, giveUp, adopt, noteDuplicate, noteAnchors
        case noteCandidates, decideRetry, decideAdopt, decideResubmit, retryFailed
    }

    private struct Broken: Error {}

    /// Lets a row's writing fail, and all after it: what fails is done once more on its own.
    private final class Breaker: Sendable {
        /// Rows that may still be written; `nil`: any number.
        private let left = Locked<Int?>(nil)

        init(_ db: Database) throws {
            let left = left
            db.add(
                function: DatabaseFunction("written", argumentCount: 0) { _ in
                    try left.withLock { left in
                        guard let rows = left else { return }
                        if rows == 0 { throw Broken() }
                        left = rows - 1
                    }
                    return nil
                })
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            for table in tables {
                for event in ["INSERT", "UPDATE", "DELETE"] {
                    try db.execute(
                        sql: """
                            CREATE TEMP TRIGGER broken_\(table)_\(event) AFTER \(event) ON main.\(table)
                            BEGIN SELECT written(); END
                            """)
                }
            }
        }

        func arm(after rows: Int?) { left.withLock { $0 = rows } }
    }

    private struct Scene {
        let opened = try? Opened(.memory)
        let batch: BatchID
        let submitting: ClaimedJob
        let unknown: ClaimedJob
        let failed: ClaimedJob
        let timedOut: ClaimedJob

        init() async throws {
            let opened = try #require(opened)
            let settings = BatchSettings(name: "spring", retry: BatchSettings.Retry(attempts: 1))
            batch = try opened.store.takeIn(settings, (0..<6).map { .sample("p \($0)") }).batch
            try await opened.store.noteAnchors([RemoteJobID("a")], at: Opened.moment())
            unknown = try await opened.lose(batch)
            failed = try await opened.claim(batch, then: [.failed(FailureCause(.rejected, ""))])
            timedOut = try await opened.claim(
                batch, then: [.submitted(RemoteJobID("t"), attempt: 1), .failed(FailureCause(.timeout, ""))])
            submitting = try await opened.claim(batch)
            let id = SubmissionID(job: unknown.id, number: 1)
            try await opened.store.noteEvidence(Opened.moment(30), of: id)
            try await opened.store.noteCandidates([
                Candidate(id: RemoteJobID("c"), status: .queued, createdAt: nil, model: nil)
            ])
        }

        func change(to state: JobLifecycle.State) -> JobChange {
            JobChange(
                job: submitting.id, batch: batch, from: .submitting, to: state, at: Opened.now,
                lost: OpenSubmission.Lost(Loss(.silent, ""), at: Opened.moment()), acceptedAt: Opened.moment())
        }

        func claimAgain(_ store: SQLiteStore, usesTry: Bool) async throws {
            _ = try await store.claimAgain(
                SubmissionID(job: unknown.id, number: 1), evidence: (Opened.moment(30), Opened.moment(36)),
                usesTry: usesTry, settle: .seconds(30), at: Opened.moment(37), now: Opened.now)
        }

        func decide(_ store: SQLiteStore) async throws { _ = try await store.carryOutDecisions(now: Opened.now) }

        /// What is to be done before, and what is to fail.
        func prepare(_ operation: Operation, _ store: SQLiteStore) async throws {
            switch operation {
            case .decideRetry: _ = try await store.leave(.retry, for: timedOut.id, now: Opened.now)
            case .decideAdopt: _ = try await store.leave(.adopt(RemoteJobID("c")), for: failed.id, now: Opened.now)
            case .decideResubmit: _ = try await store.leave(.resubmit, for: unknown.id, now: Opened.now)
            default: break
            }
        }

        func perform(_ operation: Operation, _ store: SQLiteStore) async throws {
            let id = RemoteJobID("n")
            switch operation {
            case .claim:
                _ = try await store.claim(2, of: batch, avoiding: [Fingerprint(model: "m", seed: 1)], now: Opened.now)
            case .accept: try await store.record(change(to: .submitted(id, attempt: 1)))
            case .lose: try await store.record(change(to: .unknown(attempt: 1, FailureCause(.lost, ""))))
            case .turnAway: try await store.record(change(to: .pending(attempt: 0)))
            case .fail: try await store.record(change(to: .failed(FailureCause(.rejected, ""))))
            case .recover: _ = try await store.recover(now: Opened.now)
            case .claimAgain: try await claimAgain(store, usesTry: false)
            case .giveUp: try await claimAgain(store, usesTry: true)
            case .adopt:
                let adopted = JobLifecycle.State.submitted(id, attempt: 1)
                try await store.record(
                    JobChange(job: unknown.id, batch: batch, from: .unknown, to: adopted, at: Opened.now))
            case .noteDuplicate:
                _ = try await store.noteDuplicate(id, of: timedOut.id, price: Money(micros: 1), now: Opened.now)
            case .noteAnchors: try await store.noteAnchors([id], at: Opened.moment(9))
            case .noteCandidates:
                try await store.noteCandidates([
                    Candidate(id: id, status: .queued, createdAt: nil, model: nil),
                    Candidate(id: RemoteJobID("o"), status: .queued, createdAt: nil, model: nil),
                ])
            case .decideRetry, .decideAdopt, .decideResubmit: try await decide(store)
            case .retryFailed: _ = try await store.retryFailed([batch], now: Opened.now)
            }
        }
    }

    private static func contents(_ store: SQLiteStore) async throws -> [String] {
        try await store.read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            return try tables.flatMap { try Row.fetchAll(db, sql: "SELECT * FROM \($0)").map(\.description) }
        }
    }

    @Test(arguments: Operation.allCases) func `a write that fails half way leaves nothing, and can be done again`(
        operation: Operation
    ) async throws {
        let scene = try await Scene()
        let store = try #require(scene.opened).store
        try await scene.prepare(operation, store)
        let breaker = try await store.database.write { try Breaker($0) }
        let before = try await Self.contents(store)
        var failures = 0
        for rows in 0..<100 {
            breaker.arm(after: rows)
            do {
                try await scene.perform(operation, store)
                breaker.arm(after: nil)
                break
            } catch is StoreFailure {
                breaker.arm(after: nil)
                failures += 1
                let after = try await Self.contents(store)
                #expect(after == before, "after \(rows) rows")
                if after != before { break }
            }
        }
        #expect(failures >= 1)
        #expect(try await Self.contents(store) != before)
        try await store.checkInvariants()
    }
}
