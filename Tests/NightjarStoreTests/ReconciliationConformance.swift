import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What every store must do about submissions whose fate is open.
@Suite(.timeLimit(.minutes(5)))
struct ReconciliationConformance {
    private static let id = RemoteJobID("job-1")
    private static let price = Money(micros: 20_000)

    private static func opened(_ kind: StoreKind, jobs: Int = 3) throws -> (Opened, BatchID) {
        let opened = try Opened(kind)
        return (opened, try opened.takeIn((0..<jobs).map { PlannedJob.sample("p \($0)") }).batch)
    }

    // MARK: Open submissions

    @Test(arguments: StoreKind.allCases) func `a submission is open from its intent until its fate is known`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 5)
        try await opened.claim(batch)
        try await opened.claim(batch, then: [.submitted(Self.id, attempt: 1)])
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, ""))])
        try await opened.lose(batch)
        #expect(try await opened.open() == ["0/1 submitting", "3/1 unknown"])
        try await opened.claim(batch, then: [.pending(attempt: 0)])
        #expect(try await opened.open() == ["0/1 submitting", "3/1 unknown"])
    }

    @Test(arguments: StoreKind.allCases) func `what is kept of an open submission comes back as it was`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        let store = opened.store
        let ids = (0..<7).map { RemoteJobID("a\($0)") }
        try await store.noteAnchors(ids, at: Opened.moment())
        try await store.noteAnchors(ids, at: Opened.moment(1))
        let intent = Moment(boot: 7, bootID: "one", api: nil)
        let job = try #require(
            try await store.claim(
                1, of: batch, avoiding: [], room: [:], prices: ["model-a": Self.price], at: intent, now: Opened.now
            ).first)
        #expect(job.intent == intent && job.submission == 1)
        try await store.noteAnchors([RemoteJobID("later")], at: Opened.moment(2))
        let lost = OpenSubmission.Lost(Loss(.gateway, "504"), at: Moment(boot: 9, bootID: "two", api: Opened.now))
        let change = JobChange(
            job: job.id, batch: batch, from: .submitting, to: .unknown(attempt: 1, FailureCause(.lost, "504")),
            at: Opened.now, lost: lost)
        #expect(try await store.record(change) == .recorded)
        let id = SubmissionID(job: job.id, number: 1)
        try await store.noteEvidence(Opened.moment(40), of: id)
        let expected = OpenSubmission(
            id: id, batch: batch, reference: job.reference, request: job.request, price: Self.price, attempt: 1,
            intent: intent, lost: lost, firstCounted: Opened.moment(40), jobState: .unknown,
            anchors: Set(ids))
        #expect(try await store.openSubmissions() == [expected])
        try await store.noteEvidence(nil, of: id)
        #expect(try await store.openSubmissions().first?.firstCounted == nil)
        try await store.closeSubmissions([id])
        #expect(try await store.openSubmissions().isEmpty)
    }

    @Test(arguments: StoreKind.allCases) func `a killed process's loss is dated once, however often it is started`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        try await opened.claim(batch)
        _ = try await opened.store.recover(at: Opened.moment(10), now: Opened.now)
        let lost = try #require(try await opened.store.openSubmissions().first?.lost)
        #expect(lost.at == Opened.moment(10) && lost.loss.kind == .interrupted)
        _ = try await opened.store.recover(at: Opened.moment(99), now: Opened.now)
        #expect(try await opened.store.openSubmissions().first?.lost == lost)
        #expect(try await opened.store.batches().first?.spent == .zero, "it is not known to be paid for")
    }

    @Test(arguments: StoreKind.allCases) func `what is cancelled while unknown stays watched`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind)
        let job = try await opened.lose(batch)
        #expect(try await opened.record(job.id, batch, from: .unknown, to: .cancelled) == .recorded)
        #expect(try await opened.open() == ["0/1 cancelled"])
        // Accepted after all: it is followed to its end.
        let outcome = try await opened.record(job.id, batch, from: .cancelled, to: .submitted(Self.id, attempt: 1))
        #expect(outcome == .recorded)
        #expect(try await opened.open().isEmpty)
    }

    // MARK: Adoption

    @Test(arguments: StoreKind.allCases) func `adoption gives the id, closes the submission and counts the money`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        let job = try await opened.lose(batch, price: Self.price)
        #expect(try await opened.store.batches().first?.spent == .zero)
        let outcome = try await opened.record(
            job.id, batch, from: .unknown, to: .submitted(Self.id, attempt: 1), spent: Self.price)
        #expect(outcome == .recorded)
        #expect(try await opened.open().isEmpty)
        #expect(try await opened.store.batches().first?.spent == Self.price)
        #expect(try await opened.store.jobs().first?.remoteID == Self.id)
        #expect(try await opened.store.runningJob(job.id)?.lifecycle.state == .submitted(Self.id, attempt: 1))
        try await opened.store.checkInvariants()
    }

    @Test(arguments: StoreKind.allCases) func `an older submission may turn out to have made the job`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind)
        let job = try await opened.lose(batch)
        let again = try await opened.claimedAgain(job.id)
        try await opened.lose(again, at: 38)
        #expect(try await opened.open() == ["0/1 unknown replaced", "0/2 unknown"])
        let outcome = try await opened.record(
            job.id, batch, from: .unknown, to: .submitted(Self.id, attempt: 1), submission: 1)
        #expect(outcome == .recorded)
        // The newer one may still come to light, as a duplicate.
        #expect(try await opened.open() == ["0/2 submitted replaced"])
    }

    @Test(arguments: StoreKind.allCases) func `an id is unique over jobs, earlier attempts and duplicates`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        let ids = ["first", "second", "double"].map(RemoteJobID.init)
        let job = try await opened.claim(
            batch, then: [.submitted(ids[0], attempt: 1), .waiting(until: Opened.now, attempt: 1)])
        try await opened.claim(batch, then: [.submitted(ids[1], attempt: 2)])
        #expect(try await opened.store.noteDuplicate(ids[2], of: job.id, price: .zero, now: Opened.now))
        let other = try await opened.claim(batch)
        for id in ids {
            let outcome = try await opened.record(other.id, batch, from: .submitting, to: .submitted(id, attempt: 1))
            #expect(outcome == .remoteIDTaken, "\(id)")
        }
        #expect(try await opened.store.knownIDs(among: ids + [RemoteJobID("new")]) == Set(ids))
        #expect(try await opened.store.knownIDs(among: []).isEmpty)
    }

    // MARK: What is noted

    @Test(arguments: StoreKind.allCases) func `candidates come back as they were noted`(kind: StoreKind) async throws {
        let (opened, _) = try Self.opened(kind)
        let result = RemoteResult(url: "https://x", width: 1, height: 2, seed: 3)
        let time = { (seconds: Int) in Opened.now + .seconds(seconds) }
        var candidates = [
            Candidate(id: RemoteJobID("none"), status: .queued, createdAt: nil, model: nil),
            Candidate(id: RemoteJobID("b"), status: .completed(nil), createdAt: time(1), model: "m"),
            Candidate(
                id: RemoteJobID("c"), status: .completed(result), createdAt: time(2), model: "m", isRead: true,
                seed: .integer(.max), prompt: "p"),
            Candidate(id: RemoteJobID("d"), status: .failed("oom"), createdAt: time(3), model: "m", seed: .number(0.5)),
            Candidate(
                id: RemoteJobID("e"), status: .unheardOf("ODD"), createdAt: time(4), model: "m", seed: .text("x")),
            Candidate(id: RemoteJobID("f"), status: .processing, createdAt: time(5), model: "n"),
        ]
        try await opened.store.noteCandidates(candidates)
        #expect(try await opened.store.candidates() == candidates)
        candidates[0].status = .processing
        try await opened.store.noteCandidates([candidates[0]])
        try await opened.store.forgetCandidates(candidates.dropFirst().map(\.id))
        #expect(try await opened.store.candidates() == [candidates[0]])
    }

    @Test(arguments: StoreKind.allCases) func `a duplicate is counted and paid for once`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind)
        let store = opened.store
        let job = try await opened.claim(batch, then: [.submitted(Self.id, attempt: 1)])
        let double = RemoteJobID("double")
        #expect(try await store.noteDuplicate(double, of: job.id, price: Self.price, now: Opened.now))
        #expect(try await store.noteDuplicate(double, of: job.id, price: Self.price, now: Opened.now) == false)
        #expect(try await store.noteDuplicate(Self.id, of: job.id, price: Self.price, now: Opened.now) == false)
        let summary = try #require(try await store.batches().first)
        #expect(summary.duplicates == 1 && summary.spent == Self.price)
        #expect(try await store.duplicatesToFetch().map(\.id) == [double])
        try await store.endDuplicate(double, path: ".nightjar/duplicates/a.png", note: nil)
        #expect(try await store.duplicatesToFetch().isEmpty)
        let kept = Duplicate(
            id: double, job: job.id, noticedAt: Opened.now, isEnded: true, path: ".nightjar/duplicates/a.png")
        #expect(try await store.duplicates(of: batch) == [kept])
        #expect(try await store.story(of: job.id)?.duplicates == [kept])
        try await store.checkInvariants()
    }

    @Test(arguments: StoreKind.allCases) func `what is known of the API is kept, and forgotten with the API`(
        kind: StoreKind
    ) async throws {
        let (opened, _) = try Self.opened(kind)
        #expect(try await opened.store.apiKnowledge() == APIKnowledge())
        var knowledge = APIKnowledge()
        knowledge.models["m"] = APIKnowledge.Model()
        knowledge.models["m"]?.longest = .milliseconds(1234)
        knowledge.longestList = 20
        try opened.store.bind(toAPI: "https://one")
        try await opened.store.setAPIKnowledge(knowledge)
        try opened.store.bind(toAPI: "https://one")
        #expect(try await opened.store.apiKnowledge() == knowledge)
        try opened.store.bind(toAPI: "https://other")
        #expect(try await opened.store.apiKnowledge() == APIKnowledge())
    }

    @Test(arguments: StoreKind.allCases) func `accepted ids come in order, with their moments`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 5)
        for number in 0..<5 {
            let job = try await opened.claim(batch)
            let id = RemoteJobID("job-\(number)")
            _ = try await opened.record(
                job.id, batch, from: .submitting, to: .submitted(id, attempt: 1), acceptedAt: Opened.moment(number))
        }
        let ids = { (limit: Int) in try await opened.store.acceptedIDs(limit: limit).map(\.id.rawValue) }
        #expect(try await ids(9) == ["job-0", "job-1", "job-2", "job-3", "job-4"])
        #expect(try await ids(2) == ["job-3", "job-4"])
        #expect(try await ids(0) == [])
        #expect(try await opened.store.acceptedIDs(limit: 1).map(\.at) == [Opened.moment(4)])
    }

    @Test(arguments: StoreKind.allCases) func `holds are counted by reason, with an example`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 4)
        var ids: [SubmissionID] = []
        for _ in 0..<4 { ids.append(SubmissionID(job: try await opened.lose(batch).id, number: 1)) }
        let settling = Hold(.settling, "answer lost 12 s ago")
        try await opened.store.noteHolds([ids[0]: settling, ids[1]: settling, ids[2]: Hold(.noSeed, "no seed")])
        let expected = [
            "settling": HeldJobs(jobs: 2, example: "answer lost 12 s ago"),
            "no seed": HeldJobs(jobs: 1, example: "no seed"),
        ]
        #expect(try await opened.store.batches().first?.held == expected)
        #expect(try await opened.store.story(of: ids[2].job)?.submissions.first?.hold == Hold(.noSeed, "no seed"))
        try await opened.store.noteHolds([ids[0]: nil, ids[1]: nil])
        _ = try await opened.record(ids[2].job, batch, from: .unknown, to: .submitted(Self.id, attempt: 1))
        #expect(try await opened.store.batches().first?.held == [:])
    }

    // MARK: Invariants

    @Test(arguments: StoreKind.allCases) func `what must not be is noticed`(kind: StoreKind) async throws {
        let faults = [
            "UPDATE batches SET spent_micros = spent_micros - 1",
            "UPDATE submissions SET remote_id = 'job-1'",
            "UPDATE submissions SET remote_id = NULL WHERE number = 1",
            "INSERT INTO duplicates(remote_id, job_id, noticed_at_ms) VALUES ('job-1', 1, 0)",
        ]
        for fault in faults {
            let (opened, batch) = try Self.opened(kind)
            for number in 1...2 {
                let job = try await opened.claim(batch)
                _ = try await opened.record(
                    job.id, batch, from: .submitting, to: .submitted(RemoteJobID("job-\(number)"), attempt: 1))
            }
            try await opened.store.checkInvariants()
            try await opened.store.database.write { try $0.execute(sql: fault) }
            await #expect(throws: InvariantViolation.self, "\(fault)") { try await opened.store.checkInvariants() }
        }
    }

    @Test(arguments: StoreKind.allCases) func `what FAILED is not billed, the rest is`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        for attempt in 1...2 {
            let job = try #require(
                try await opened.store.claim(1, of: batch, prices: ["model-a": Self.price], now: Opened.now).first)
            let id = RemoteJobID("job-\(attempt)")
            _ = try await opened.record(
                job.id, batch, from: .submitting, to: .submitted(id, attempt: attempt), spent: Self.price)
            try await opened.store.checkInvariants()
            if attempt == 2 { break }
            _ = try await opened.record(
                job.id, batch, from: .submitted, to: .waiting(until: Opened.now, attempt: attempt),
                spent: .zero - Self.price)
            try await opened.store.checkInvariants()
        }
        #expect(try await opened.store.batches().first?.spent == Self.price)
    }
}
