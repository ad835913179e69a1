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
        let jobs = try await opened.store.jobs()
        let job = try #require(jobs.first)
        // Each job is counted in its state.
        #expect(
            try await opened.store.batches().first?.counts.filter { $0.value > 0 }
                == Dictionary(jobs.map { ($0.state, 1) }, uniquingKeysWith: +))
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
            try empty.filter { try Bool.fetchOne(db, sql: "SELECT \($0) IS NOT NULL FROM jobs WHERE idx = 0") ?? true }
        }
        #expect(left.isEmpty)
        let numbers = try await opened.store.read { db in
            try Int.fetchOne(
                db, sql: "SELECT abs(price_micros) + wanted + removed + submissions FROM jobs WHERE idx = 0")
        }
        #expect(numbers == 0)
        // Asked again, it has nothing left to do.
        let again = try redo(opened, [.sample("new", label: "one", model: "model-b")], digest: "again")
        #expect(again.redone == 0 && again.changed == 0 && again.kept == 1)
        #expect(try await opened.store.jobs().first == job)
    }

    /// A job that is done as "old", in a batch of its own.
    private func done(_ jobs: [PlannedJob] = [.sample("old", label: "one")]) async throws -> (Opened, BatchID) {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn(jobs).batch
        try await opened.claim(
            batch,
            then: [
                .submitted(Self.remote, attempt: 1), .ready(Self.remote, Self.result, attempt: 1), .done(Self.file),
            ])
        return (opened, batch)
    }

    @Test func `what was made before is a job of its own, with all that is known of it`() async throws {
        let (opened, batch) = try await done()
        try await opened.store.setMetadataRecord(MetadataRecord(hashes: ["x"], images: 1), of: batch)
        let before = try #require(try await opened.store.jobs().first)
        #expect(try redo(opened, [.sample("new", label: "one", meta: #"{"a":1}"#)]).redone == 1)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.index) == [0, 1] && jobs.map(\.state) == [.pending, .done])
        #expect(jobs[0].key == before.key && jobs[0].meta == #"{"a":1}"#)
        var kept = jobs[1]
        #expect(kept.isRemoved && kept.key == before.key.former(0) && kept.key != before.key)
        (kept.id, kept.index, kept.key, kept.isRemoved) = (before.id, before.index, before.key, before.isRemoved)
        #expect(kept == before)
        #expect(try await opened.store.metadataRecord(of: batch).images == nil)
        // It is found by its own key, and by the id at the API; the manifest's id is that of the job that is named.
        #expect(try await opened.store.findJobs("one", batch: nil).map(\.summary.index) == [0])
        let found = try await opened.store.findJobs("job-1", batch: nil)
        #expect(found.map(\.summary.index) == [1])
        let story = try #require(try await opened.store.story(of: found[0].id))
        #expect(story.submissions.map(\.remoteID) == [Self.remote] && story.former.isEmpty)
        let anew = try #require(try await opened.store.story(of: opened.store.findJobs("one", batch: nil)[0].id))
        #expect(anew.submissions.isEmpty && anew.former == [jobs[1]])
        // No later manifest sets it aside or names it.
        let next = try redo(opened, [.sample("new", label: "one", meta: #"{"a":1}"#), .sample("b")])
        #expect(next.added == 1 && next.kept == 1 && next.removed == 0 && next.returned == 0)
        #expect(try await opened.store.jobs().map(\.state) == [.pending, .done, .pending])
        try await opened.store.checkInvariants()
    }

    @Test(arguments: [ChangedJobs.keep, .redo])
    func `an edit that is taken back finds what was made, before the new one is paid for`(changed: ChangedJobs)
        async throws
    {
        let (opened, batch) = try await done()
        let before = try await opened.store.jobs()
        _ = try redo(opened, [.sample("new", label: "one")])
        let back = try opened.store.takeIn(
            BatchSettings(name: "spring"), [.sample("old", label: "one")], digest: "3", changed: changed,
            now: Opened.now)
        #expect(back.restored == 1 && back.redone == 0 && back.changed == 0 && back.kept == 1)
        let jobs = try await opened.store.jobs()
        #expect(jobs[0] == before[0])
        #expect(jobs[1].state == .cancelled && jobs[1].isRemoved && jobs[1].request.prompt == "new")
        #expect(try await opened.store.claim(5, of: batch, now: Opened.now).isEmpty)
        #expect(
            try await opened.store.batches().first?.counts.filter { $0.value > 0 } == [.done: 1, .cancelled: 1])
        // And once more there and back.
        #expect(try redo(opened, [.sample("new", label: "one")], digest: "4").redone == 1)
        #expect(try redo(opened, [.sample("old", label: "one")], digest: "5").restored == 1)
        #expect(try await opened.store.jobs()[0] == before[0])
        try await opened.store.checkInvariants()
    }

    @Test func `of two that were made, each comes back when it is asked for, and none is paid for again`() async throws
    {
        let (opened, batch) = try await done()
        _ = try redo(opened, [.sample("new", label: "one")])
        let second = RemoteJobID("job-2")
        let file = OutputFile(path: "spring/a-2.png", sha256: "01", bytes: 3, width: 2, height: 1)
        try await opened.claim(
            batch, then: [.submitted(second, attempt: 1), .ready(second, Self.result, attempt: 1), .done(file)])
        for (text, path) in [("old", Self.file.path), ("new", file.path), ("old", Self.file.path)] {
            let back = try opened.takeIn([.sample(text, label: "one")], digest: "as \(text)")
            #expect(back.restored == 1 && back.changed == 0)
            let jobs = try await opened.store.jobs()
            #expect(jobs.count == 2 && jobs.allSatisfy { $0.state == .done })
            #expect(jobs[0].request.prompt == text && jobs[0].file?.path == path && !jobs[0].isRemoved)
            #expect(jobs[1].isRemoved)
        }
        // Its image is there, but another seed was asked for.
        #expect(try opened.takeIn([.sample("new", label: "one", seed: .manifest(99))], digest: "seed").changed == 1)
        #expect(try await opened.store.claim(5, of: batch, now: Opened.now).isEmpty)
        try await opened.store.checkInvariants()
    }

    private static let slow: [JobLifecycle.State] = [
        .submitted(remote, attempt: 1), .failed(FailureCause(.timeout, "slow")),
    ]

    @Test func `an image that was paid for and did not come can be brought home, and is not paid for again`()
        async throws
    {
        let (opened, _, _) = try await edited(Self.slow)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.state) == [.pending, .cancelled] && jobs[1].remoteID == Self.remote)
        // Asked for again it is what it was: `retry` fetches it.
        let before = try opened.takeIn([.sample("old", label: "one")], digest: "3")
        #expect(before.restored == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.failed, .cancelled])
        #expect(try await opened.store.retryFailed([before.batch], now: Opened.now) == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.submitted, .cancelled])
        try await opened.store.checkInvariants()
    }

    @Test func `one that is brought home by its id may become the job again meanwhile`() async throws {
        let (opened, intake, _) = try await edited(Self.slow)
        let found = try #require(try await opened.store.findJobs("job-1", batch: nil).first)
        _ = try await opened.store.leave(.retry, for: found.id, now: Opened.now)
        let outcome = try await opened.store.carryOutDecisions(now: Opened.now)
        #expect(outcome.map(\.result) == [.moved(from: .cancelled, to: .submitted)])
        #expect(try opened.takeIn([.sample("old", label: "one")], digest: "3").restored == 1)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.state) == [.submitted, .cancelled] && jobs[0].remoteID == Self.remote)
        #expect(
            try await opened.store.batches().first?.counts.filter { $0.value > 0 } == [.submitted: 1, .cancelled: 1])
        #expect(try await opened.store.claim(5, of: intake.batch, now: Opened.now).isEmpty)
        try await opened.store.checkInvariants()
    }

    @Test func `a blank one that is made anew counts as blank no more, until it is asked for again`() async throws {
        let (opened, _, _) = try await edited([
            .submitted(Self.remote, attempt: 1), .ready(Self.remote, Self.result, attempt: 1), .filtered(Self.file),
        ])
        #expect(
            try await opened.store.batches().first?.counts.filter { $0.value > 0 } == [.pending: 1, .cancelled: 1])
        #expect(try opened.takeIn([.sample("old", label: "one")], digest: "3").restored == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.filtered, .cancelled])
        #expect(try await opened.store.jobs()[0].file == Self.file)
        #expect(
            try await opened.store.batches().first?.counts.filter { $0.value > 0 } == [.filtered: 1, .cancelled: 1])
    }

    @Test func `edits to and fro of which nothing is submitted leave one job besides`() async throws {
        let (opened, _) = try await done()
        for edit in 0..<4 {
            #expect(try redo(opened, [.sample("new \(edit)", label: "one")], digest: "a\(edit)").redone == 1)
            #expect(
                try await opened.store.batches().first?.counts.filter { $0.value > 0 } == [.pending: 1, .done: 1])
            #expect(try redo(opened, [.sample("old", label: "one")], digest: "b\(edit)").restored == 1)
            let jobs = try await opened.store.jobs()
            #expect(jobs.map(\.state) == [.done, .cancelled] && jobs[1].request.prompt == "new \(edit)")
        }
        let found = try await opened.store.findJobs("one", batch: nil)
        // Nothing was made there.
        #expect(try await opened.store.story(of: found[0].id)?.former == [])
        try await opened.store.checkInvariants()
    }

    @Test func `an edit taken back while the new one is at the API takes effect when that is home`() async throws {
        let (opened, batch) = try await done()
        _ = try redo(opened, [.sample("new", label: "one")])
        let second = RemoteJobID("job-2")
        let job = try await opened.claim(batch, then: [.submitted(second, attempt: 1)])
        let old = [PlannedJob.sample("old", label: "one")]
        #expect(try opened.takeIn(old, digest: "3").changed == 1)
        _ = try await opened.record(job.id, batch, from: .submitted, to: .done(Self.file))
        #expect(try opened.takeIn(old, digest: "3").restored == 1)
        #expect(try await opened.store.jobs().map(\.request.prompt) == ["old", "new"])
        #expect(try await opened.store.jobs().map(\.state) == [.done, .done])
    }

    @Test func `an id means the job itself, named by the manifest or not`() async throws {
        let (opened, _) = try await done()
        _ = try redo(opened, [.sample("new", label: "one")])
        try opened.takeIn([.sample("b")], digest: "3")
        let found = try await opened.store.findJobs("one", batch: nil)
        #expect(found.map(\.summary.index) == [0] && found[0].summary.isRemoved)
        #expect(try await opened.store.story(of: found[0].id)?.isFormer == false)
        let former = try #require(try await opened.store.findJobs("job-1", batch: nil).first)
        #expect(try await opened.store.story(of: former.id)?.isFormer == true)
        #expect(try await opened.store.haveImages([found[0].batch]).isEmpty)
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
        #expect(try await opened.store.jobs().map(\.request.prompt) == ["new", "b", "old"])
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
        func keys() async throws -> [Int] {
            try await opened.store.read { db in
                try Int.fetchAll(db, sql: "SELECT key_number FROM submissions ORDER BY job_id DESC, number")
            }
        }
        #expect(try await keys() == [1, 1, 2])
        let anew = try await opened.claim(batch)
        #expect(anew.id == first.id && anew.submission == 1 && anew.lifecycle.state == .submitting(attempt: 1))
        #expect(anew.request.prompt == "new" && anew.idempotencyKey != first.idempotencyKey)
        #expect(try await keys() == [1, 1, 2, 3])
        #expect(
            try await opened.record(anew.id, batch, from: .submitting, to: .submitted(RemoteJobID("r3"), attempt: 1))
                == .recorded)
        #expect(try await opened.record(first.id, batch, from: .submitted, to: .done(Self.file)) == .recorded)
        // The first comes back, and a third is asked for: its key is not that of the second.
        #expect(try redo(opened, [.sample("old", label: "one")], digest: "3").restored == 1)
        #expect(try redo(opened, [.sample("third", label: "one")], digest: "4").redone == 1)
        _ = try await opened.claim(batch)
        #expect(try await keys() == [1, 1, 2, 3, 4])
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
