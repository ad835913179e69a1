package import NightjarCore
package import NightjarManifest
internal import ServiceLifecycle

/// Who runs batches that come while it runs.
package protocol BatchRunners: Sendable {
    /// Takes batches into the state, and has them run; those that run already go on as they are now.
    /// - Parameter intake: Nothing else that changes what runs happens meanwhile.
    func take(_ intake: @Sendable () throws -> [Intake]) async throws -> [BatchID]

    /// Batches that an earlier process took in.
    func carryOn(_ batches: [BatchID]) async
}

/// Takes what an inbox brings into the state, and hands it to those who run it.
package struct IntakeHost: DropHost {
    private let store: any JobStore & DropStore
    private let changed: @Sendable () -> ChangedJobs
    private let time: Timekeeper
    private let check: @Sendable (ManifestBatch, BatchSettings, _ file: String) async throws(DropRefusal) -> Void
    private let runners: any BatchRunners
    private let end: @Sendable (BatchID) async throws -> EndedBatch?

    /// - Parameters:
    ///   - changed: What becomes of jobs that were paid for and are asked for differently now.
    ///   - check: Whether a batch may run under these settings; called for all batches of a manifest before any is taken in.
    ///   - runners: Who runs what is taken in.
    ///   - end: How a batch ended; `nil` while it runs.
    package init(
        store: any JobStore & DropStore, changed: @escaping @Sendable () -> ChangedJobs = { .keep }, time: Timekeeper,
        check:
            @escaping @Sendable (
                ManifestBatch, BatchSettings, _ file: String
            ) async throws(DropRefusal) -> Void = { _, _, _ throws(DropRefusal) in },
        runners: any BatchRunners,
        end: @escaping @Sendable (BatchID) async throws -> EndedBatch?
    ) {
        self.store = store
        self.changed = changed
        self.time = time
        self.check = check
        self.runners = runners
        self.end = end
    }

    package func takeIn(
        _ batches: [ManifestBatch], named file: String, from inbox: InboxSettings
    ) async throws(DropRefusal) -> [BatchID] {
        let wanted = batches.map { (batch: $0, settings: inbox.settings(for: $0.settings)) }
        for (batch, settings) in wanted { try await check(batch, settings, file) }
        do {
            return try await runners.take {
                if wanted.count > 1 {
                    for (batch, settings) in wanted {
                        try store.checkIntake(
                            settings, digest: batch.digest, changed: changed(), now: time.wall(),
                            expand: batch.expandUnlessStopped)
                    }
                }
                return try wanted.map { batch, settings in
                    try store.takeIn(
                        settings, digest: batch.digest, changed: changed(), now: time.wall(),
                        expand: batch.expandUnlessStopped)
                }
            }
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ error: any Error) -> DropRefusal {
        switch error {
        case let found as IntakeConflicts: .conflicts(found)
        case let error as ManifestError where error.kind == .unwritable:
            .later(error.diagnostics.map(\.message).joined(separator: "; "))
        case let error as ManifestError: .invalid(error)
        case let failure as StoreFailure: .later(failure.words)
        default: .later("\(error)")
        }
    }

    package func carryOn(_ batches: [BatchID]) async {
        await runners.carryOn(batches)
    }

    package func result(of batches: [BatchID]) async throws -> RunResult? {
        var ends: [(BatchID, EndedBatch)] = []
        for batch in batches {
            guard let end = try await end(batch) else { return nil }
            ends.append((batch, end))
        }
        var result = RunResult(batches: [])
        for (batch, end) in ends {
            guard let summary = try await store.batch(batch) else { continue }
            // Most have none, and to look would be to read all jobs.
            let failures =
                summary.count(.failed) > 0 ? try await store.failures(of: batch, limit: RunResult.mostFailures) : []
            result.batches.append(
                RunResult.Batch(
                    summary: summary, exit: end.exit, startedAt: end.startedAt, finishedAt: end.finishedAt,
                    output: summary.settings.origin?.output ?? "", failures: failures))
        }
        return result
    }
}

extension ManifestBatch {
    private struct Stopped: Error, CustomStringConvertible {
        var description: String { "the daemon stops" }
    }

    /// A long intake does not hold up the end of the process: it is begun anew by the next one.
    fileprivate func expandUnlessStopped(_ add: (PlannedJob) throws -> Void) throws {
        var jobs = 0
        try expand { job in
            jobs += 1
            if jobs % 1024 == 0, Task.isCancelled || Task.isShuttingDownGracefully { throw Stopped() }
            try add(job)
        }
    }
}

extension StoreFailure {
    var words: String {
        switch self {
        case .unwritable(let words), .damaged(let words), .newer(let words), .other(let words): words
        }
    }
}
