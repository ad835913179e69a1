import Foundation
import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// Each released schema left a file that must always migrate, with every row.
@Suite(.timeLimit(.minutes(5)))
struct SchemaFixtureTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "Fixtures")

    /// Writes the file anew from the present schema: `NIGHTJAR_WRITE_FIXTURE=1 swift test --filter SchemaFixtureTests`.
    /// Only before a schema is released; after that a file is never written again.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["NIGHTJAR_WRITE_FIXTURE"] != nil))
    func `the file of the present schema is written`() async throws {
        let opened = try Opened(.file)
        let batch = try opened.takeIn((0..<7).map { PlannedJob.sample("prompt \($0)", label: "job-\($0)") }).batch
        let id = { (number: Int) in RemoteJobID("remote-\(number)") }
        let file = OutputFile(path: "spring/0.png", sha256: "ab", bytes: 9, width: 2, height: 3)
        try await opened.claim(
            batch,
            then: [
                .submitted(id(0), attempt: 1), .ready(id(0), RemoteResult(url: "https://x/0"), attempt: 1), .done(file),
            ])
        try await opened.claim(
            batch, then: [.submitted(id(1), attempt: 1), .ready(id(1), RemoteResult(url: "https://x/1"), attempt: 1)])
        let submitted = try await opened.claim(batch, then: [.submitted(id(2), attempt: 1)])
        try await opened.store.noteAnchors([id(2), id(1)], at: Opened.moment())
        let lost = try await opened.lose(batch, .silent)
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "bad prompt"))])
        try await opened.claim(
            batch, then: [.submitted(id(5), attempt: 1), .waiting(until: Opened.now + .seconds(4), attempt: 1)])
        _ = try await opened.claimAgain(lost.id)
        let number2 = SubmissionID(job: lost.id, number: 2)
        try await opened.store.noteHolds([number2: Hold(.settling, "answer lost")])
        try await opened.store.noteCandidates([
            Candidate(id: id(8), status: .processing, createdAt: Opened.now, model: "model-a")
        ])
        _ = try await opened.store.noteDuplicate(id(9), of: submitted.id, price: .zero, now: Opened.now)
        var knowledge = APIKnowledge()
        knowledge.longestList = 20
        try await opened.store.setAPIKnowledge(knowledge)
        let last = try await opened.store.findJobs("job-6", batch: nil)[0].id
        _ = try await opened.store.leave(.pause, for: last, now: Opened.now)
        _ = try await opened.store.leave(.cancel, for: submitted.id, now: Opened.now)
        _ = try await opened.store.carryOutDecisions(now: Opened.now)
        _ = try await opened.store.leave(.set(LimitChange(concurrency: .by(2))), for: batch, now: Opened.now)
        _ = try await opened.store.carryOutOrders(now: Opened.now)
        _ = try await opened.store.leave(.pause, for: batch, now: Opened.now)
        try await opened.store.perform { transaction in
            try transaction.db.execute(
                sql: """
                    INSERT INTO drops(inbox, accepted, stem, digest, taken_at_ms)
                    VALUES ('/in', 'spring.yaml', 'spring', 'ab', 1);
                    INSERT INTO drop_batches VALUES (1, 1);
                    """)
        }
        _ = try await opened.store.leave(.retry, for: lost.id, now: Opened.now)
        try opened.store.close()
        let target = Self.fixtures.appending(path: "schema-v4.sqlite")
        try? FileManager.default.removeItem(at: target)
        try FileManager.default.copyItem(atPath: opened.folder.path("state/state.sqlite3"), toPath: target.path)
    }

    @Test func `a state of version 1 migrates and keeps its rows`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try FileManager.default.copyItem(
            atPath: Self.fixtures.appending(path: "schema-v1.sqlite").path, toPath: path)
        let store = try SQLiteStore.open(path: path)
        let jobs = try await store.jobs()
        #expect(jobs.map(\.state) == [.done, .ready, .submitted, .unknown, .failed, .waiting, .pending])
        #expect(jobs.map(\.label) == (0..<7).map { "job-\($0)" })
        #expect(jobs[0].file?.path == "spring/0.png")
        #expect(jobs[2].remoteID == RemoteJobID("remote-2"))
        #expect(jobs[4].error == FailureCause(.rejected, "bad prompt"))
        // The wall clock is the best that is known of the intent; the loss is dated by the start.
        #expect(try await store.batches().first?.spent == .zero)
        let recovery = try await store.recover(at: Opened.moment(60), now: Opened.now)
        #expect(recovery.running.count == 2 && recovery.interrupted == 0)
        let open = try await store.openSubmissions()
        #expect(open.map(\.reference.index) == [3] && open.map(\.jobState) == [.unknown])
        #expect(open.map(\.intent) == [Moment(boot: 0, bootID: "", api: Opened.now)])
        #expect(open.first?.intent.since(Moment(boot: 0, bootID: "", api: nil)) == nil, "it equals none")
        #expect(open.first?.lost == OpenSubmission.Lost(Loss(.interrupted, "cut off"), at: Opened.moment(60)))
        try await store.checkInvariants()
        #expect(try await store.nextDue(store.batches().map(\.id)) == Opened.now + .seconds(4))
        try store.close()
    }

    @Test func `a state of version 4 keeps what people said, and what came from an inbox`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try FileManager.default.copyItem(
            atPath: Self.fixtures.appending(path: "schema-v4.sqlite").path, toPath: path)
        let store = try SQLiteStore.open(path: path)
        let jobs = try await store.jobs()
        #expect(jobs.map(\.isPaused) == [false, false, false, false, false, false, true])
        #expect(jobs.map(\.isUnwanted) == [false, false, true, false, false, false, false])
        let batch = try #require(try await store.batches().first)
        #expect(batch.overrides == LimitOverrides(concurrency: 2) && batch.pausedJobs == 1 && !batch.paused)
        #expect(try await store.carryOutOrders(now: Opened.now).map(\.order) == [.pause])
        #expect(try await store.batches().first?.paused == true)
        let drop = try await store.read { try String.fetchOne($0, sql: "SELECT stem FROM drops JOIN drop_batches") }
        #expect(drop == "spring")
        try await store.checkInvariants()
        try store.close()
    }

    @Test(arguments: [2, 3, 4])
    func `a state of a later version migrates and keeps its rows`(version: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s.sqlite3")
        try FileManager.default.copyItem(
            atPath: Self.fixtures.appending(path: "schema-v\(version).sqlite").path, toPath: path)
        let store = try SQLiteStore.open(path: path)
        let jobs = try await store.jobs()
        #expect(jobs.map(\.state) == [.done, .ready, .submitted, .submitting, .failed, .waiting, .pending])
        _ = try await store.recover(at: Opened.moment(60), now: Opened.now)
        let open = try await store.openSubmissions()
        #expect(open.map(\.id.number) == [1, 2] && open.map(\.isReplaced) == [true, false])
        #expect(
            open.map(\.lost) == [
                OpenSubmission.Lost(Loss(.silent, "cut off"), at: Opened.moment()),
                OpenSubmission.Lost(
                    Loss(.interrupted, "the process ended before the answer was read"), at: Opened.moment(60)),
            ])
        #expect(open.map(\.intent) == [Opened.moment(), Opened.moment(37)])
        #expect(open.allSatisfy { $0.anchors == [RemoteJobID("remote-2"), RemoteJobID("remote-1")] as Set })
        #expect(try await store.batches().first?.held["settling"]?.jobs == 1)
        #expect(try await store.candidates().map(\.id.rawValue) == ["remote-8"])
        #expect(try await store.duplicatesToFetch().map(\.id.rawValue) == ["remote-9"])
        #expect(try await store.apiKnowledge().longestList == 20)
        #expect(try await store.carryOutDecisions(now: Opened.now).count == 1)
        let (places, hasKeyIndex) = try await store.read { db in
            (try SQLiteStore.jobsOfBatch(BatchID(1), in: db), try KeyIndex(db).wasThere)
        }
        #expect(places.hasSuffix("BETWEEN 1 AND 7") && !hasKeyIndex)
        try await store.checkInvariants()
        try store.close()
    }
}
