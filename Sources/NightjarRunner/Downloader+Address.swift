internal import NightjarCore

/// The address of a result that could not be fetched: asked for again, since it may have expired or moved.
extension Downloader {
    enum Address {
        /// With a new address, if the API gave one.
        case asked(Item)
        /// The API answers nothing at all.
        case unanswered
        /// The run is in a state in which nothing more is asked.
        case notAsked
        /// The API no longer knows the job, which has then failed; or someone else has moved it.
        case ended
    }

    /// Asks the job for the address of its result.
    func freshAddress(of item: Item) async throws -> Address {
        guard let id = item.job.remoteID else { return .asked(item) }
        guard try await requests.permission(for: item.job.batch) else { return .notAsked }
        var item = item
        let status: RemoteJob.Status
        do {
            status = try await service.job(id).status
        } catch {
            requests.ended(RequestCounts(get: 1), batch: item.job.batch, failure: error)
            switch error {
            case .notFound:
                guard item.vanishing.missed(at: state.time.now()) else { return .asked(item) }
                let words = "the result is gone, and the API no longer knows the job"
                try await giveUp(item, FailureCause(.download, words))
                return .ended
            case .unavailable: return try await answersElsewhere(item)
            case .throttled, .refused: return .unanswered
            case .rejected: return .asked(item)
            }
        }
        requests.ended(RequestCounts(get: 1), batch: item.job.batch, failure: nil)
        item.vanishing.seen()
        guard case .completed(let result?) = status else { return .asked(item) }
        item.job.lifecycle.refreshed(result)
        return try await record(item.job) ? .asked(item) : .ended
    }

    /// The API may be well and this job alone unreadable: it must not hold up the run for ever. Nothing else may be left
    /// that is asked for, so the list shows which it is.
    private func answersElsewhere(_ item: Item) async throws -> Address {
        guard try await requests.permission(for: item.job.batch) else { return .notAsked }
        do {
            _ = try await service.jobs(after: nil)
        } catch {
            requests.ended(RequestCounts(list: 1), batch: item.job.batch, failure: error)
            switch error {
            case .notFound, .rejected: return .asked(item)
            case .unavailable, .throttled, .refused: return .unanswered
            }
        }
        requests.ended(RequestCounts(list: 1), batch: item.job.batch, failure: nil)
        return .asked(item)
    }
}
