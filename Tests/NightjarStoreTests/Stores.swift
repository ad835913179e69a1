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
}
