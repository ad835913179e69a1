import NightjarCore
import NightjarTestSupport

@testable import NightjarStore

/// The kinds of store that every test of the contract runs against.
enum StoreKind: CaseIterable, Sendable {
    case memory, file
}

/// A store of one kind, with the folder that it may lie in.
struct Opened {
    let store: SQLiteStore
    let folder: TemporaryFolder

    init(_ kind: StoreKind) throws {
        folder = try TemporaryFolder()
        switch kind {
        case .memory: store = try SQLiteStore.inMemory()
        case .file: store = try SQLiteStore.open(path: folder.path("state/state.sqlite3"))
        }
    }

    static let now = WallTime(milliseconds: 1_772_323_200_000)

    @discardableResult
    func takeIn(_ jobs: [PlannedJob], name: String = "spring", template: String? = nil, digest: String? = nil) throws
        -> Intake
    {
        var settings = BatchSettings(name: name)
        if let template { settings.pathTemplate = template }
        return try store.takeIn(settings, jobs, digest: digest, now: Self.now)
    }

    /// Claims the next job and moves it through these states.
    @discardableResult
    func claim(_ batch: BatchID, then path: [JobLifecycle.State] = []) async throws -> ClaimedJob {
        let claimed = try await store.claim(1, of: batch, now: Self.now)
        guard let job = claimed.first else { throw StoreFailure.other("nothing to claim") }
        var from = JobState.submitting
        for state in path {
            let outcome = try await store.record(
                JobChange(job: job.id, batch: batch, from: from, to: state, at: Self.now))
            guard outcome == .recorded else { throw StoreFailure.other("\(outcome)") }
            from = state.name
        }
        return job
    }

    /// When nothing has happened yet, and so many seconds after.
    static func moment(_ seconds: Int = 0) -> Moment { .sample(now + .seconds(seconds)) }

    /// Claims the next job and loses its answer.
    @discardableResult
    func lose(_ batch: BatchID, _ kind: Loss.Kind = .closed, at seconds: Int = 0, price: Money = .zero) async throws
        -> ClaimedJob
    {
        let claimed = try await store.claim(1, of: batch, prices: ["model-a": price], now: Self.now)
        guard let job = claimed.first else { throw StoreFailure.other("nothing to claim") }
        try await lose(job, kind, at: seconds)
        return job
    }

    func lose(_ job: ClaimedJob, _ kind: Loss.Kind = .closed, at seconds: Int = 0) async throws {
        var lifecycle = job.lifecycle
        lifecycle.answerLost("cut off")
        _ = try await store.record(
            JobChange(
                job: job.id, batch: job.batch, from: .submitting, to: lifecycle.state, at: Self.now,
                lost: OpenSubmission.Lost(Loss(kind, "cut off"), at: Self.moment(seconds))))
    }

    /// Two lists have counted: the job is submitted again.
    func claimAgain(
        _ job: JobID, _ number: Int = 1, usesTry: Bool = false, first: Int = 30, second: Int = 36, at seconds: Int = 37
    ) async throws -> Resubmission {
        let id = SubmissionID(job: job, number: number)
        try await store.noteEvidence(Self.moment(first), of: id)
        return try await store.claimAgain(
            id, evidence: (Self.moment(first), Self.moment(second)), usesTry: usesTry, settle: .seconds(30),
            at: Self.moment(seconds), now: Self.now + .seconds(seconds))
    }

    func record(
        _ job: JobID, _ batch: BatchID, from: JobState, to: JobLifecycle.State, spent: Money = .zero,
        submission: Int? = nil, acceptedAt: Moment? = nil
    ) async throws -> RecordOutcome {
        try await store.record(
            JobChange(
                job: job, batch: batch, from: from, to: to, at: Self.now, spent: spent, submission: submission,
                acceptedAt: acceptedAt))
    }

    /// Each open submission: job's place, number, job's state, and whether it is replaced.
    func open() async throws -> [String] {
        try await store.openSubmissions().map {
            "\($0.reference.index)/\($0.id.number) \($0.jobState.rawValue)\($0.isReplaced ? " replaced" : "")"
        }
    }
}
