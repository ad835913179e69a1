import Foundation
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
        try await opened.claim(batch, then: [.submitted(id(2), attempt: 1)])
        try await opened.claim(batch, then: [.unknown(attempt: 1, FailureCause(.lost, "cut off"))])
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "bad prompt"))])
        try await opened.claim(
            batch, then: [.submitted(id(5), attempt: 1), .waiting(until: Opened.now + .seconds(4), attempt: 1)])
        try opened.store.close()
        let target = Self.fixtures.appending(path: "schema-v1.sqlite")
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
        #expect(try await store.recover(now: Opened.now).running.count == 2)
        #expect(try await store.nextDue(store.batches().map(\.id)) == Opened.now + .seconds(4))
        try store.close()
    }
}
