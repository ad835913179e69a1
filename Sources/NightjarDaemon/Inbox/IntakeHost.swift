package import NightjarCore
package import NightjarManifest
internal import ServiceLifecycle

/// Takes what an inbox brings into the state, and hands it to those who run it.
package struct IntakeHost: DropHost {
    private let store: any JobStore & DropStore
    private let changed: ChangedJobs
    private let time: Timekeeper
    private let check: @Sendable (ManifestBatch, BatchSettings, _ file: String) async throws(DropRefusal) -> Void
    private let start: @Sendable ([BatchID]) async -> Void
    private let end: @Sendable (BatchID) async throws -> BatchEnd?

    /// - Parameters:
    ///   - changed: What becomes of jobs that were paid for and are asked for differently now.
    ///   - check: Whether a batch may run under these settings; called for all batches of a manifest before any is taken in.
    ///   - start: Has batches run; those that run already go on.
    ///   - end: How a batch ended; `nil` while it runs.
    package init(
        store: any JobStore & DropStore, changed: ChangedJobs = .keep, time: Timekeeper,
        check:
            @escaping @Sendable (
                ManifestBatch, BatchSettings, _ file: String
            ) async throws(DropRefusal) -> Void = { _, _, _ throws(DropRefusal) in },
        start: @escaping @Sendable ([BatchID]) async -> Void,
        end: @escaping @Sendable (BatchID) async throws -> BatchEnd?
    ) {
        self.store = store
        self.changed = changed
        self.time = time
        self.check = check
        self.start = start
        self.end = end
    }

    package func takeIn(
        _ batches: [ManifestBatch], named file: String, from inbox: InboxSettings
    ) async throws(DropRefusal) -> [BatchID] {
        let wanted = batches.map { (batch: $0, settings: inbox.settings(for: $0.settings)) }
        for (batch, settings) in wanted { try await check(batch, settings, file) }
        let taken = Self.refusing { () throws in
            if wanted.count > 1 {
                for (batch, settings) in wanted {
                    try store.checkIntake(
                        settings, digest: batch.digest, changed: changed, now: time.wall(),
                        expand: batch.expandUnlessStopped)
                }
            }
            return try wanted.map { batch, settings in
                try store.takeIn(
                    settings, digest: batch.digest, changed: changed, now: time.wall(),
                    expand: batch.expandUnlessStopped
                ).batch
            }
        }
        let ids = try taken.get()
        await start(ids)
        return ids
    }

    private static func refusing<Value>(_ intake: () throws -> Value) -> Result<Value, DropRefusal> {
        do {
            return .success(try intake())
        } catch let found as IntakeConflicts {
            return .failure(.conflicts(found))
        } catch let error as ManifestError {
            return .failure(
                error.kind == .unwritable
                    ? .later(error.diagnostics.map(\.message).joined(separator: "; ")) : .invalid(error))
        } catch let failure as StoreFailure {
            return .failure(.later(failure.words))
        } catch {
            return .failure(.later("\(error)"))
        }
    }

    package func carryOn(_ batches: [BatchID]) async {
        await start(batches)
    }

    package func result(of batches: [BatchID]) async throws -> RunResult? {
        var ends: [(BatchID, BatchEnd)] = []
        for batch in batches {
            guard let end = try await end(batch) else { return nil }
            ends.append((batch, end))
        }
        var result = RunResult(batches: [])
        for (batch, end) in ends {
            guard let summary = try await store.summary(of: batch) else { continue }
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
