import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// When a job whose answer was lost may be submitted again, and what then becomes of it.
@Suite(.timeLimit(.minutes(5)))
struct ResubmissionTests {
    private static let id = RemoteJobID("job-1")
    private static let price = Money(micros: 20_000)

    private static func opened(_ kind: StoreKind, jobs: Int = 3) throws -> (Opened, BatchID) {
        let opened = try Opened(kind)
        return (opened, try opened.takeIn((0..<jobs).map { PlannedJob.sample("p \($0)") }).batch)
    }

    @Test(arguments: StoreKind.allCases) func `what is shown absent goes out again: same body, key and price`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        let job = try await opened.lose(batch, price: Self.price)
        let again = try await opened.claimedAgain(job.id)
        #expect(again.idempotencyKey == job.idempotencyKey && again.request == job.request)
        #expect(again.price == Self.price && again.submission == 2 && again.from == .unknown)
        #expect(again.lifecycle.state == .submitting(attempt: 1) && again.intent == Opened.moment(37))
        #expect(try await opened.open() == ["0/1 submitting replaced", "0/2 submitting"])
        #expect(try await opened.store.openSubmissions().allSatisfy { $0.firstCounted == nil })
        let outcome = try await opened.record(
            job.id, batch, from: .submitting, to: .submitted(Self.id, attempt: 1), spent: Self.price)
        #expect(outcome == .recorded)
        #expect(try await opened.open() == ["0/1 submitted replaced"])
        try await opened.store.checkInvariants()
    }

    @Test(arguments: StoreKind.allCases) func `a resubmission that is turned away leaves the first one to be decided`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        let job = try await opened.lose(batch)
        let again = try await opened.claimedAgain(job.id, usesTry: true)
        #expect(again.lifecycle.state == .submitting(attempt: 2))
        #expect(again.idempotencyKey == job.idempotencyKey, "the one that FAILED may have been another's")
        let outcome = try await opened.record(job.id, batch, from: .submitting, to: .pending(attempt: 1))
        #expect(outcome == .heldAsUnknown)
        #expect(try await opened.open() == ["0/1 unknown"])
        #expect(try await opened.store.claim(1, of: batch, now: Opened.now).isEmpty)
        let third = try await opened.claimedAgain(job.id, first: 50, second: 56, at: 57)
        #expect(third.idempotencyKey == job.idempotencyKey && third.submission == 3)
        #expect(third.lifecycle.state == .submitting(attempt: 1))
        #expect(try await opened.store.batches().first?.counts == [.submitting: 1])
    }

    @Test(arguments: StoreKind.allCases) func `where no try is left the job has failed, and the key stays`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let settings = BatchSettings(name: "once", retry: BatchSettings.Retry(attempts: 1))
        let batch = try opened.store.takeIn(settings, [.sample("a")]).batch
        let job = try await opened.lose(batch)
        let outcome = try await opened.claimAgain(job.id, usesTry: true)
        guard case .failed(let cause) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(cause.kind == .remoteFailed)
        #expect(try await opened.store.batches().first?.counts == [.failed: 1])
        #expect(try await opened.store.retryFailed([batch], now: Opened.now) == 1)
        #expect(try await opened.store.claim(1, of: batch, now: Opened.now).first?.idempotencyKey == job.idempotencyKey)
    }

    @Test(arguments: StoreKind.allCases) func `a known FAILED brings another key`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        let job = try await opened.lose(batch)
        let again = try await opened.claimedAgain(job.id, usesTry: true)
        _ = try await opened.record(job.id, batch, from: .submitting, to: .submitted(Self.id, attempt: 2))
        _ = try await opened.record(job.id, batch, from: .submitted, to: .waiting(until: Opened.now, attempt: 2))
        let third = try await opened.claim(batch)
        #expect(third.idempotencyKey != again.idempotencyKey)
        #expect(third.lifecycle.state == .submitting(attempt: 3))
    }

    @Test(arguments: StoreKind.allCases) func `what the manifest no longer names is set aside, not submitted again`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 2)
        let job = try await opened.lose(batch)
        try opened.takeIn([.sample("p 1")])
        #expect(try await opened.claimAgain(job.id) == .setAside)
        #expect(try await opened.open() == ["0/1 cancelled"])
        #expect(try opened.takeIn([.sample("p 0"), .sample("p 1")]).returned == 1)
        #expect(try await opened.store.batches().first?.counts == [.unknown: 1, .pending: 1])
        #expect(try await opened.claimedAgain(job.id, first: 90, second: 96).submission == 2)
    }

    enum Fault: CaseIterable, Sendable {
        case firstOfAnother, tooCloseTogether, firstTooEarly, wrongFirst, keyKnown, notLost, otherBoot

        /// What another list may have cleared meanwhile is no violation.
        var isSuperseded: Bool { self == .firstOfAnother || self == .wrongFirst }
    }

    @Test(arguments: Fault.allCases)
    func `a job is not submitted again without the evidence of this very submission`(fault: Fault) async throws {
        let (opened, batch) = try Self.opened(.memory)
        let job =
            fault == .notLost
            ? try await opened.claim(batch, then: [.unknown(attempt: 1, FailureCause(.lost, ""))])
            : try await opened.lose(batch, fault == .keyKnown ? .keyKnown : .closed)
        let id = SubmissionID(job: job.id, number: 1)
        var first = Opened.moment(fault == .firstTooEarly ? 29 : 31)
        let second = Opened.moment(fault == .tooCloseTogether ? 35 : 36)
        if fault != .firstOfAnother { try await opened.store.noteEvidence(first, of: id) }
        if fault == .wrongFirst { first = Opened.moment(30) }
        if fault == .otherBoot { first = Moment(boot: first.boot, bootID: "other", api: nil) }
        if fault == .otherBoot { try await opened.store.noteEvidence(first, of: id) }
        let claim = { [first] in
            try await opened.store.claimAgain(
                id, evidence: (first, second), usesTry: false, settle: .seconds(30), at: Opened.moment(37),
                now: Opened.now)
        }
        if fault.isSuperseded {
            #expect(try await claim() == .notInState)
        } else {
            await #expect(throws: InvariantViolation.self) { try await claim() }
        }
        #expect(try await opened.store.batches().first?.counts[.unknown] == 1)
    }

    @Test(arguments: StoreKind.allCases) func `only the last open submission of an unknown job goes out again`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind)
        let job = try await opened.lose(batch)
        #expect(try await opened.claimAgain(job.id, 2) == .notInState)
        let again = try await opened.claimedAgain(job.id)
        #expect(try await opened.claimAgain(job.id) == .notInState)
        try await opened.lose(again, at: 40)
        #expect(try await opened.claimAgain(job.id, 1) == .notInState)
        await #expect(throws: InvariantViolation.self, "it needs two lists of its own") {
            try await opened.claimAgain(job.id, 2)
        }
        #expect(try await opened.claimedAgain(job.id, 2, first: 70, second: 76).submission == 3)
    }
}
