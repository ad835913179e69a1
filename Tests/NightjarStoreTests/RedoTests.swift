import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// `--changed redo`: jobs that were paid for and are asked for differently now.
@Suite(.timeLimit(.minutes(5)))
struct RedoTests {
    private static let remote = RemoteJobID("job-1")
    private static let file = OutputFile(path: "spring/a.png", sha256: "00", bytes: 3, width: 2, height: 1)
    private static let result = RemoteResult(url: "https://x", width: 2, height: 1, seed: 5)

    private func redo(_ opened: Opened, _ jobs: [PlannedJob], digest: String? = nil) throws -> Intake {
        try opened.store.takeIn(BatchSettings(name: "spring"), jobs, digest: digest, changed: .redo, now: Opened.now)
    }

    /// A job that was brought to this state, and is asked for differently.
    private func edited(_ states: [JobLifecycle.State]) async throws -> (Opened, Intake, JobSummary) {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("old", label: "one")]).batch
        try await opened.claim(batch, then: states)
        let intake = try redo(opened, [.sample("new", label: "one", model: "model-b")])
        try await opened.store.checkInvariants()
        let job = try #require(try await opened.store.jobs().first)
        #expect(try await opened.store.batches().first?.counts == [job.state: 1])
        return (opened, intake, job)
    }

    @Test(
        arguments: [
            [.submitted(remote, attempt: 1), .ready(remote, result, attempt: 1), .done(file)],
            [.submitted(remote, attempt: 1), .ready(remote, result, attempt: 1), .filtered(file)],
            [.submitted(remote, attempt: 1), .failed(FailureCause(.timeout, "slow"))],
            [.submitted(remote, attempt: 1), .failed(FailureCause(.invalidImage, "html"))],
        ] as [[JobLifecycle.State]])
    func `what has ended is made anew`(states: [JobLifecycle.State]) async throws {
        let (opened, intake, job) = try await edited(states)
        #expect(intake.redone == 1 && intake.changed == 0 && intake.added == 0 && intake.total == 1)
        #expect(job.state == .pending && job.request.prompt == "new" && job.request.parameters.model == "model-b")
        #expect(job.attempts == 0 && job.file == nil && job.error == nil && job.remoteID == nil && job.index == 0)
        let empty = [
            "intent_at_ms", "submitted_at_ms", "due_at_ms", "result_url", "result_width", "result_height",
            "result_seed",
            "path", "sha256", "bytes", "width", "height", "error_kind", "error_message",
        ]
        let left = try await opened.store.read { db in
            try empty.filter { try Bool.fetchOne(db, sql: "SELECT \($0) IS NOT NULL FROM jobs") ?? true }
        }
        #expect(left.isEmpty)
        let numbers = try await opened.store.read { db in
            try Int.fetchOne(db, sql: "SELECT abs(price_micros) + wanted + removed FROM jobs")
        }
        #expect(numbers == 0)
        // Asked again, it has nothing left to do.
        let again = try redo(opened, [.sample("new", label: "one", model: "model-b")], digest: "again")
        #expect(again.redone == 0 && again.changed == 0 && again.kept == 1)
        #expect(try await opened.store.jobs().first == job)
    }

    @Test(
        arguments: [
            [], [.unknown(attempt: 1, FailureCause(.lost, "cut off"))], [.submitted(remote, attempt: 1)],
            [.submitted(remote, attempt: 1), .ready(remote, result, attempt: 1)],
        ] as [[JobLifecycle.State]])
    func `what is at the API is kept until it is home`(states: [JobLifecycle.State]) async throws {
        let (_, intake, job) = try await edited(states)
        #expect(intake.redone == 0 && intake.changed == 1)
        #expect(job.state == states.last?.name ?? .submitting && job.request.prompt == "old")
    }

    @Test(arguments: [FailureCause.Kind.rejected, .remoteFailed])
    func `what was not billed takes the new request, and is not counted`(kind: FailureCause.Kind) async throws {
        let (_, intake, job) = try await edited([
            .submitted(Self.remote, attempt: 1), .failed(FailureCause(kind, "no")),
        ])
        #expect(intake.redone == 0 && intake.changed == 0)
        #expect(job.state == .pending && job.request.prompt == "new" && job.error == nil)
    }

    @Test func `a job that a person has cancelled stays cancelled`() async throws {
        let (_, intake, job) = try await edited([.cancelled])
        #expect(intake.changed == 1 && job.state == .cancelled && job.request.prompt == "old")
    }

    @Test func `a done job that has an open submission beside it is kept`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("old", label: "one")]).batch
        let job = try await opened.lose(batch)
        _ = try await opened.claimedAgain(job.id)
        #expect(
            try await opened.record(
                job.id, batch, from: .submitting, to: .submitted(Self.remote, attempt: 1), submission: 2)
                == .recorded)
        #expect(try await opened.record(job.id, batch, from: .submitted, to: .done(Self.file)) == .recorded)
        let intake = try redo(opened, [.sample("new", label: "one")])
        #expect(intake.changed == 1 && intake.redone == 0)
        #expect(try await opened.store.jobs().first?.file == Self.file)
    }

    @Test func `a job kept because it was at the API is made anew by a later run of the same manifest`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("old", label: "one"), .sample("b")]).batch
        let job = try await opened.claim(batch, then: [.submitted(Self.remote, attempt: 1)])
        let edit = [PlannedJob.sample("new", label: "one"), .sample("b")]
        #expect(try redo(opened, edit, digest: "2").changed == 1)
        #expect(try redo(opened, edit, digest: "2").changed == 1)
        _ = try await opened.record(job.id, batch, from: .submitted, to: .done(Self.file))
        // Without the wish it stays.
        #expect(try opened.takeIn(edit, digest: "2").changed == 0)
        #expect(try await opened.store.jobs().first?.state == .done)
        #expect(try redo(opened, edit, digest: "2").redone == 1)
        #expect(try redo(opened, edit, digest: "2").redone == 0)
        #expect(try await opened.store.jobs().map(\.request.prompt) == ["new", "b"])
    }

    @Test func `what was spent stays spent, and the next submission is one more under a key of its own`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("old", label: "one")]).batch
        let first = try await opened.claim(batch, then: [.pending(attempt: 0)])
        _ = try await opened.claim(batch)
        let price = Money(micros: 7)
        let due = Opened.now
        for (id, attempt) in [("r1", 1), ("r2", 2)] {
            _ = try await opened.record(
                first.id, batch, from: .submitting, to: .submitted(RemoteJobID(id), attempt: attempt), spent: price)
            if attempt == 1 {
                _ = try await opened.record(first.id, batch, from: .submitted, to: .waiting(until: due, attempt: 1))
                _ = try await opened.claim(batch)
            }
        }
        _ = try await opened.record(first.id, batch, from: .submitted, to: .done(Self.file))
        try await opened.store.setMetadataRecord(MetadataRecord(hashes: ["x"], images: 1), of: batch)
        #expect(try redo(opened, [.sample("new", label: "one")]).redone == 1)
        #expect(try await opened.store.batches().first?.spent == Money(micros: 14))
        #expect(try await opened.store.metadataRecord(of: batch) == MetadataRecord(hashes: ["x"], images: nil))
        let keys = try await opened.store.read { db in
            try Int.fetchAll(db, sql: "SELECT key_number FROM submissions ORDER BY number")
        }
        let anew = try await opened.claim(batch)
        #expect(anew.submission == 4 && anew.lifecycle.state == .submitting(attempt: 1))
        #expect(anew.request.prompt == "new" && anew.idempotencyKey != first.idempotencyKey)
        let next = try await opened.store.read { db in
            try Int.fetchOne(db, sql: "SELECT key_number FROM submissions WHERE number = 4")
        }
        #expect(keys == [1, 1, 2] && next == 3)
        // An id that was the job's once is no other job's, and the old one is told of.
        let story = try #require(try await opened.store.story(of: anew.id))
        #expect("\(story)".contains("its image is kept at spring/a.png"))
        #expect(
            try await opened.record(anew.id, batch, from: .submitting, to: .submitted(RemoteJobID("r3"), attempt: 1))
                == .recorded)
        try await opened.store.checkInvariants()
    }

    @Test func `a job without an id has no other request to be made anew with`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a")]).batch
        try await opened.claim(batch, then: [.submitted(Self.remote, attempt: 1), .done(Self.file)])
        let intake = try redo(opened, [.sample("a", variables: #"{"x":"y"}"#), .sample("b")])
        #expect(intake.redone == 0 && intake.added == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.done, .pending])
    }
}
