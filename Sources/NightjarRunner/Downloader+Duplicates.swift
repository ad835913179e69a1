internal import NightjarCore
internal import Synchronization

/// Images that were paid for besides a job's own: kept apart, so that nothing paid for is thrown away.
extension Downloader {
    struct DuplicateItem: Sendable {
        var id: RemoteJobID
        var job: JobID
        var batch: BatchID
        var attempt = 0
        /// When it was first tried in this run.
        var began: Duration?
        /// Tries that brought what is no image, or may not be fetched.
        var timesUnfit = 0
        var vanishing = Vanishing()
    }

    /// The tries and pauses are those of a job's own image, but a run does not go on for longer than this for a duplicate,
    /// which the next run finds again.
    private static let duplicatePatience: Duration = .seconds(75)

    func fetchDuplicate(_ id: RemoteJobID, of job: JobID, in batch: BatchID) {
        state.duplicatesOut(1)
        let now = state.time.now()
        queue.withLock { $0.add(DuplicateItem(id: id, job: job, batch: batch), at: now) }
        changed.notify()
    }

    func process(_ duplicate: DuplicateItem) async throws {
        var duplicate = duplicate
        duplicate.attempt += 1
        duplicate.began = duplicate.began ?? state.time.now()
        var nextTry: Duration?
        defer { if nextTry == nil { state.duplicatesOut(-1) } }
        switch try await fetch(&duplicate) {
        case .kept(let path):
            try await store.endDuplicate(duplicate.id, path: path, note: nil)
            return Failpoint.duplicateKept.reach()
        case .ended(let words): return try await store.endDuplicate(duplicate.id, path: nil, note: words)
        case .notNow: return  // The next run fetches it.
        case .missing(let words):
            if duplicate.vanishing.missed(at: state.time.now()) {
                return try await store.endDuplicate(duplicate.id, path: nil, note: words)
            }
            nextTry = self.nextTry(of: duplicate, notBefore: Vanishing.pause)
        case .unfit(let words):
            duplicate.timesUnfit += 1
            if duplicate.timesUnfit >= Self.contentRetry.attempts {
                return try await store.endDuplicate(duplicate.id, path: nil, note: words)
            }
            nextTry = self.nextTry(of: duplicate)
        case .failed: nextTry = self.nextTry(of: duplicate)
        }
        guard let nextTry else { return }
        queue.withLock { $0.add(duplicate, at: nextTry) }
    }

    /// - Parameter pause: The shortest time until then.
    /// - Returns: `nil` where it is left to the next run.
    private func nextTry(of duplicate: DuplicateItem, notBefore pause: Duration = .zero) -> Duration? {
        let now = state.time.now()
        guard let usual = Self.retry.delay(afterAttempt: duplicate.attempt, jitter: jitter()) else { return nil }
        let next = now + max(usual, pause)
        return next - (duplicate.began ?? now) <= Self.duplicatePatience ? next : nil
    }

    private enum Fetched {
        case kept(String)
        /// It cannot be had: final.
        case ended(String)
        /// The API does not know it.
        case missing(String)
        /// It is no image, or one that may not be fetched.
        case unfit(String)
        /// It may be had soon.
        case failed
        case notNow
    }

    private func fetch(_ duplicate: inout DuplicateItem) async throws -> Fetched {
        guard try await requests.permission(for: duplicate.batch) else { return .notNow }
        let reply: RemoteJob
        do {
            reply = try await service.job(duplicate.id)
        } catch {
            requests.ended(RequestCounts(get: 1), batch: duplicate.batch, failure: error)
            switch error {
            case .notFound: return .missing(error.words)
            case .unavailable, .rejected: return .failed
            case .throttled, .refused: return .notNow
            }
        }
        requests.ended(RequestCounts(get: 1), batch: duplicate.batch, failure: nil)
        duplicate.vanishing.seen()
        guard var description = try await store.outputJob(duplicate.job) else { return .ended("its job is gone") }
        if case .failed(let words) = reply.status { return .ended("the API says FAILED: \(words)") }
        guard case .completed(let result?) = reply.status else { return .failed }
        description.place = .duplicates
        description.remoteID = duplicate.id
        state.counted(RequestCounts(download: 1), for: duplicate.batch)
        let output = tree.begin(description)
        do {
            try await service.download(result.url) { piece in try output.write(piece) }
            return .kept(try await output.finish(result).file.path)
        } catch let failure as DownloadFailure {
            output.abandon()
            switch failure {
            case .transient, .gone: return .failed
            case .unfetchable(let words), .blocked(let words): return .unfit(words)
            }
        } catch let failure as OutputFailure {
            output.abandon()
            switch failure {
            case .unwritable: return .notNow
            case .notAnImage(let words), .wrongSize(let words): return .unfit(words)
            }
        } catch {
            output.abandon()
            throw error
        }
    }
}
