import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What people decide about single jobs.
@Suite(.timeLimit(.minutes(5)))
struct DecisionTests {
    private static let price = Money(micros: 20_000)
    private static let id = RemoteJobID("job-1")
    private static let file = OutputFile(path: "a.png", sha256: "00", bytes: 3, width: 2, height: 1)

    /// A batch whose first job is in a state, and how it came there.
    private struct Case {
        let opened: Opened
        let batch: BatchID
        let job: ClaimedJob

        init(_ kind: StoreKind, _ path: [JobLifecycle.State]) async throws {
            opened = try Opened(kind)
            batch = try opened.takeIn([.sample("a"), .sample("b")]).batch
            job = try await opened.claim(batch, then: path)
        }

        func decide(_ decision: Decision) async throws -> DecisionOutcome.Result {
            let number = try await opened.store.leave(decision, for: job.id, now: Opened.now)
            #expect(try await opened.store.outcome(ofDecision: number) == nil)
            let outcomes = try await opened.store.carryOutDecisions(now: Opened.now)
            let outcome = try #require(outcomes.last)
            #expect(try await opened.store.outcome(ofDecision: number) == outcome)
            #expect(outcome.job == job.id && outcome.decision == decision && outcome.reference == job.reference)
            #expect(try await opened.store.carryOutDecisions(now: Opened.now).isEmpty, "once")
            try await opened.store.checkInvariants()
            return outcome.result
        }

        func state() async throws -> JobState { try await opened.store.jobs()[0].state }
    }

    private static func isRefused(_ result: DecisionOutcome.Result, _ words: String) -> Bool {
        if case .refused(let said) = result { said.contains(words) } else { false }
    }

    /// Where a job can be, by what brings it there.
    enum Place: CaseIterable, Sendable {
        case pending, waiting, submitting, submitted, ready, unknown, done, filtered
        case rejected, remoteFailed, timedOut, cancelled, cancelledUnknown, cancelledSubmitted

        var path: [JobLifecycle.State] {
            let submitted = JobLifecycle.State.submitted(id, attempt: 1)
            let ready = JobLifecycle.State.ready(id, RemoteResult(url: "u"), attempt: 1)
            let lost = JobLifecycle.State.unknown(attempt: 1, FailureCause(.lost, "cut off"))
            return switch self {
            case .pending: [.pending(attempt: 0)]
            case .waiting: [submitted, .waiting(until: Opened.now, attempt: 1)]
            case .submitting: []
            case .submitted: [submitted]
            case .ready: [submitted, ready]
            case .unknown: [lost]
            case .done: [submitted, ready, .done(file)]
            case .filtered: [submitted, ready, .filtered(file)]
            case .rejected: [.failed(FailureCause(.rejected, "no"))]
            case .remoteFailed: [submitted, .failed(FailureCause(.remoteFailed, "oom"))]
            case .timedOut: [submitted, .failed(FailureCause(.timeout, "slow"))]
            case .cancelled: [.pending(attempt: 0), .cancelled]
            case .cancelledUnknown: [lost, .cancelled]
            case .cancelledSubmitted: [submitted, .cancelled]
            }
        }

        /// What `retry`, `adopt` and `resubmit` make of it; words where it is refused.
        var expected: (retry: Expected, adopt: Expected, resubmit: Expected) {
            switch self {
            case .pending: (.refused("`run` does that"), .refused("nothing of it is lost"), .refused("`run` does that"))
            case .waiting: (.refused("waits for another"), .refused("nothing of it"), .refused("`run` does that"))
            case .submitting: (.refused("is under way"), .refused("ask again"), .refused("ask again"))
            case .submitted, .ready: (.refused("is under way"), .refused("job-1"), .refused("is under way"))
            case .unknown: (.refused("`--adopt JOBID`"), .moved(.submitted), .moved(.pending))
            case .done: (.refused("`--resubmit` pays"), .refused("`--resubmit` pays"), .moved(.pending))
            case .filtered: (.refused("`--resubmit` pays"), .moved(.submitted), .moved(.pending))
            case .rejected, .remoteFailed: (.moved(.pending), .moved(.submitted), .moved(.pending))
            case .timedOut, .cancelledSubmitted: (.moved(.submitted), .moved(.submitted), .moved(.pending))
            case .cancelled: (.moved(.pending), .moved(.submitted), .moved(.pending))
            case .cancelledUnknown: (.moved(.unknown), .moved(.submitted), .moved(.pending))
            }
        }
    }

    enum Expected {
        case moved(JobState)
        case refused(String)

        func fits(_ result: DecisionOutcome.Result, from state: JobState) -> Bool {
            switch (self, result) {
            case (.moved(let to), .moved(from: state, to: let moved)): to == moved
            case (.refused(let words), .refused(let said)): said.contains(words)
            default: false
            }
        }
    }

    @Test(arguments: Place.allCases) func `each decision in each state`(place: Place) async throws {
        for (decision, expected) in [
            (Decision.retry, place.expected.retry), (.adopt(RemoteJobID("other")), place.expected.adopt),
            (.resubmit, place.expected.resubmit),
        ] {
            let each = try await Case(.memory, place.path)
            let before = try await each.state()
            let result = try await each.decide(decision)
            #expect(expected.fits(result, from: before), "\(decision): \(result)")
            if case .moved(let to) = expected {
                #expect(try await each.state() == to)
                let job = try await each.opened.store.jobs()[0]
                #expect(to == .unknown ? job.error?.kind == .lost : job.error == nil)
            } else {
                #expect(try await each.state() == before)
            }
            let real = try await each.opened.store.jobs().reduce(into: [JobState: Int]()) {
                $0[$1.state, default: 0] += 1
            }
            #expect(try await each.opened.store.batches().first?.counts == real)
        }
    }

    // MARK: Retry

    @Test(arguments: StoreKind.allCases) func `a job that may be paid for is asked for first, with its time anew`(
        kind: StoreKind
    ) async throws {
        let each = try await Case(kind, Place.timedOut.path)
        let store = each.opened.store
        _ = try await store.leave(.retry, for: each.job.id, now: Opened.now)
        _ = try await store.carryOutDecisions(now: Opened.now + .seconds(9))
        let running = try #require(try await store.runningJob(each.job.id))
        #expect(running.isWanted && running.submittedAt == Opened.now + .seconds(9))
        #expect(running.lifecycle.state == .submitted(Self.id, attempt: 1))
        // Gone, but wanted: another goes out, under another key.
        _ = try await each.opened.record(each.job.id, each.batch, from: .submitted, to: .pending(attempt: 1))
        let again = try await each.opened.claim(each.batch)
        #expect(again.id == each.job.id && again.idempotencyKey != each.job.idempotencyKey)
        _ = try await each.opened.record(
            again.id, each.batch, from: .submitting, to: .submitted(RemoteJobID("new"), attempt: 2))
        #expect(try await store.runningJob(again.id)?.isWanted == false)
        #expect(try await store.knownIDs(among: [Self.id]) == [Self.id], "an id is never forgotten")
    }

    @Test(arguments: StoreKind.allCases) func `retrying all that failed makes no one's wish of it`(kind: StoreKind)
        async throws
    {
        let each = try await Case(kind, Place.timedOut.path)
        #expect(try await each.opened.store.retryFailed([each.batch], now: Opened.now) == 1)
        #expect(try await each.opened.store.runningJob(each.job.id)?.isWanted == false)
    }

    @Test(arguments: StoreKind.allCases) func `what the manifest no longer names is brought home, not paid for`(
        kind: StoreKind
    ) async throws {
        for (place, retried) in [(Place.timedOut, true), (.remoteFailed, false), (.rejected, false)] {
            let each = try await Case(kind, place.path)
            try each.opened.takeIn([.sample("b")])
            // Setting aside has cancelled it.
            let result = try await each.decide(.retry)
            if retried {
                #expect(result == .moved(from: .cancelled, to: .submitted))
            } else {
                #expect(Self.isRefused(result, "the manifest no longer names it"), "\(result)")
            }
            let again = try await Case(kind, place.path)
            try again.opened.takeIn([.sample("b")])
            #expect(Self.isRefused(try await again.decide(.resubmit), "the manifest no longer names it"))
        }
    }

    // MARK: Adopt

    @Test(arguments: StoreKind.allCases) func `what is adopted is paid for, followed and no candidate any more`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a")]).batch
        let job = try await opened.lose(batch, price: Self.price)
        try await opened.store.noteCandidates([
            Candidate(id: Self.id, status: .processing, createdAt: nil, model: nil)
        ])
        _ = try await opened.store.leave(.adopt(Self.id), for: job.id, now: Opened.now)
        _ = try await opened.store.carryOutDecisions(now: Opened.now)
        #expect(try await opened.open().isEmpty)
        #expect(try await opened.store.candidates().isEmpty)
        #expect(try await opened.store.batches().first?.spent == Self.price)
        #expect(try await opened.store.runningJob(job.id)?.lifecycle.state == .submitted(Self.id, attempt: 1))
        #expect(try await opened.store.story(of: job.id)?.submissions.map(\.remoteID) == [Self.id])
        try await opened.store.checkInvariants()
    }

    @Test(arguments: StoreKind.allCases) func `a job of the API that is another's is refused, and that one named`(
        kind: StoreKind
    ) async throws {
        let each = try await Case(kind, Place.unknown.path)
        let owner = try await each.opened.claim(each.batch, then: [.submitted(Self.id, attempt: 1)])
        let result = try await each.decide(.adopt(Self.id))
        #expect(result == .refused("the job job-1 belongs to `\(owner.reference.key)` of batch `spring`"))
        let double = RemoteJobID("double")
        _ = try await each.opened.store.noteDuplicate(double, of: each.job.id, price: .zero, now: Opened.now)
        #expect(Self.isRefused(try await each.decide(.adopt(double)), "kept as a duplicate"))
        #expect(Self.isRefused(try await each.decide(.adopt(RemoteJobID(""))), "not empty"))
    }

    @Test(arguments: StoreKind.allCases) func `an id that is adopted later stands beside the earlier one`(
        kind: StoreKind
    ) async throws {
        let each = try await Case(kind, Place.timedOut.path)
        let other = RemoteJobID("other")
        #expect(try await each.decide(.adopt(other)) == .moved(from: .failed, to: .submitted))
        #expect(try await each.opened.store.knownIDs(among: [Self.id, other]) == [Self.id, other])
        let submissions = try #require(try await each.opened.store.story(of: each.job.id)).submissions
        #expect(submissions.map(\.remoteID) == [Self.id, other])
        _ = try await each.opened.record(
            each.job.id, each.batch, from: .submitted, to: .failed(FailureCause(.vanished, "")))
        #expect(try await each.decide(.adopt(Self.id)) == .moved(from: .failed, to: .submitted), "and back")
        #expect(try await each.opened.store.jobs()[0].remoteID == Self.id)
    }

    // MARK: Resubmit

    @Test(arguments: [Loss.Kind.silent, .keyKnown])
    func `a resubmission has the old key while the old one may yet answer`(
        kind: Loss.Kind
    ) async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a")]).batch
        let job = try await opened.lose(batch, kind)
        _ = try await opened.store.leave(.resubmit, for: job.id, now: Opened.now)
        _ = try await opened.store.carryOutDecisions(now: Opened.now)
        #expect(try await opened.open() == ["0/1 pending replaced"], "the earlier one stays watched")
        let again = try await opened.claim(batch)
        #expect((again.idempotencyKey == job.idempotencyKey) == (kind == .silent))
        // Turned away: the person's word holds.
        var lifecycle = again.lifecycle
        lifecycle.turnedAway()
        #expect(try await opened.record(job.id, batch, from: .submitting, to: lifecycle.state) == .recorded)
        let third = try await opened.claim(batch)
        #expect(third.idempotencyKey == again.idempotencyKey && third.submission == 3)
        try await opened.lose(third, at: 50)
        #expect(try await opened.open() == ["0/1 unknown replaced", "0/3 unknown"])
    }

    @Test(arguments: StoreKind.allCases) func `another image of a finished job is no duplicate`(kind: StoreKind)
        async throws
    {
        let each = try await Case(kind, Place.done.path)
        #expect(try await each.decide(.resubmit) == .moved(from: .done, to: .pending))
        #expect(try await each.opened.store.jobs()[0].file == nil)
        let again = try await each.opened.claim(each.batch, then: [.submitted(RemoteJobID("new"), attempt: 2)])
        #expect(again.idempotencyKey != each.job.idempotencyKey)
        let story = try #require(try await each.opened.store.story(of: each.job.id))
        #expect(story.submissions.map(\.remoteID?.rawValue) == ["job-1", "new"])
        #expect(story.submissions.first?.note == "its image is kept at a.png")
        #expect(try await each.opened.store.batches().first?.duplicates == 0)
    }

    @Test(arguments: StoreKind.allCases) func `decisions about one job are carried out in their order`(kind: StoreKind)
        async throws
    {
        let each = try await Case(kind, Place.rejected.path)
        for decision in [Decision.retry, .retry, .resubmit] {
            _ = try await each.opened.store.leave(decision, for: each.job.id, now: Opened.now)
        }
        let results = try await each.opened.store.carryOutDecisions(now: Opened.now).map(\.result)
        #expect(results.first == .moved(from: .failed, to: .pending))
        #expect(results.dropFirst().allSatisfy { Self.isRefused($0, "`run` does that") })
        #expect(try await each.opened.store.batches().first?.counts == [.pending: 2])
    }
}
