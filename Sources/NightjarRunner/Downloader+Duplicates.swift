internal import NightjarCore
internal import Synchronization

/// Images that were paid for besides a job's own: kept apart, so that nothing paid for is thrown away.
extension Downloader {
    struct DuplicateItem: Sendable {
        var id: RemoteJobID
        var job: JobID
        var batch: BatchID
    }

    private static let duplicateRetry = RetryPolicy(attempts: 5, base: .seconds(1), cap: .seconds(30))

    func fetchDuplicate(_ id: RemoteJobID, of job: JobID, in batch: BatchID) {
        state.duplicatesOut(1)
        queue.withLock { $0.duplicates.append(DuplicateItem(id: id, job: job, batch: batch)) }
        changed.notify()
    }

    func process(_ duplicate: DuplicateItem) async throws {
        defer { state.duplicatesOut(-1) }
        var note = ""
        var attempt = 0
        repeat {
            attempt += 1
            switch try await fetch(duplicate) {
            case .kept(let path):
                try await store.endDuplicate(duplicate.id, path: path, note: nil)
                return Failpoint.duplicateKept.reach()
            case .notNow: return  // The next run fetches it.
            case .failed(let words): note = words
            }
            guard let pause = Self.duplicateRetry.delay(afterAttempt: attempt, jitter: jitter()) else { break }
            try await state.time.sleep(state.time.now() + pause)
            // The next run fetches it.
            guard state.allowsDownloads else { return }
        } while true
        try await store.endDuplicate(duplicate.id, path: nil, note: note)
    }

    private enum Fetched {
        case kept(String)
        case notNow
        case failed(String)
    }

    private func fetch(_ duplicate: DuplicateItem) async throws -> Fetched {
        guard try await requests.permission(for: duplicate.batch) else { return .notNow }
        let reply: RemoteJob
        do {
            reply = try await service.job(duplicate.id)
            requests.ended(RequestCounts(get: 1), batch: duplicate.batch, failure: nil)
        } catch {
            requests.ended(RequestCounts(get: 1), batch: duplicate.batch, failure: error)
            if error == .notFound { return .failed(error.words) }
            return .notNow
        }
        guard var description = try await store.outputJob(duplicate.job) else { return .failed("its job is gone") }
        if case .failed(let words) = reply.status { return .failed("the API says FAILED: \(words)") }
        guard case .completed(let result?) = reply.status else { return .notNow }
        description.place = .duplicates
        description.remoteID = duplicate.id
        state.counted(RequestCounts(download: 1), for: duplicate.batch)
        let output = tree.begin(description)
        do {
            try await service.download(result.url) { piece in try output.write(piece) }
            return .kept(try await output.finish(result).file.path)
        } catch {
            output.abandon()
            if error is CancellationError || Task.isCancelled { throw error }
            if case OutputFailure.unwritable = error { return .notNow }
            return .failed(Runner.words(for: error))
        }
    }
}
