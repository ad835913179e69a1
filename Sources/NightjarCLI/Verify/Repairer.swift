internal import NightjarCore
internal import NightjarRunner
internal import Synchronization

/// Fetches again what is damaged or missing: asks the API for a fresh address, and puts the image into its old place.
struct Repairer: Sendable {
    let store: any JobStore
    let service: any ImageService
    let tree: any OutputTree
    let allowance: RequestAllowance
    let time: Timekeeper
    /// Files fetched at one time.
    let width: Int
    /// A random number in 0…1.
    let jitter: @Sendable () -> Double

    /// What ends all repair: the account is in trouble, or the output cannot be written.
    enum Trouble: Error, Equatable {
        case account(AccountTrouble)
        case unwritable(String)
    }

    private static let retry = RetryPolicy(attempts: 4, base: .seconds(1), cap: .seconds(30))
    /// Pauses that the API may ask for; none of them uses up an attempt.
    private static let mostPauses = 20

    /// The pause that the API has asked for, for all senders.
    private final class Pause: Sendable {
        let until = Mutex(Duration.zero)
    }

    /// - Parameter progress: Told after each how many have been tried.
    /// - Returns: The findings with what became of them, and what ended it before its time.
    func repair(
        _ findings: [VerifyReport.Finding], progress: (Int) -> Void
    ) async throws -> (findings: [VerifyReport.Finding], trouble: Trouble?) {
        var repaired = findings
        var trouble: Trouble?
        let pause = Pause()
        // What could not be looked at may be whole.
        let places = findings.indices.filter { !findings[$0].isUnreadable }
        try await withThrowingTaskGroup(of: (Int, Result<VerifyReport.Finding.Repair, Trouble>).self) { group in
            var next = places.startIndex
            func add() {
                let place = places[next]
                next += 1
                group.addTask {
                    do {
                        return (place, .success(try await repair(findings[place], pause)))
                    } catch let trouble as Trouble {
                        return (place, .failure(trouble))
                    }
                }
            }
            while next < min(width, places.count) { add() }
            var tried = 0
            while let (place, result) = try await group.next() {
                switch result {
                case .success(let repair): repaired[place].repair = repair
                case .failure(let reason): trouble = trouble ?? reason
                }
                tried += 1
                progress(tried)
                if trouble == nil, next < places.count { add() }
            }
        }
        return (repaired, trouble)
    }

    // MARK: One file

    private func repair(_ finding: VerifyReport.Finding, _ pause: Pause) async throws -> VerifyReport.Finding.Repair {
        let found = try await store.findJobs(finding.key.description, batch: finding.batch)
        guard let job = found.first(where: { $0.summary.key == finding.key }), let id = job.summary.remoteID,
            var description = try await store.outputJob(job.id)
        else { return .failed("the state knows no job of the API for it") }
        description.place = .exactly(finding.file.path)
        description.mayBeInPlace = true
        var words = ""
        var attempt = 0
        repeat {
            attempt += 1
            switch try await address(of: id, job.batch, pause) {
            case .completed(let result):
                switch try await fetch(result, description, job.batch) {
                case .delivered(let delivery): return try await record(delivery, finding, job)
                case .again(let reason): words = reason
                case .never(let reason): return .failed(reason)
                }
            case .again(let reason): words = reason
            case .gone(let reason): return .gone(reason)
            case .never(let reason): return .failed(reason)
            }
            guard let delay = Self.retry.delay(afterAttempt: attempt, jitter: jitter()) else { break }
            try await time.sleep(time.now() + delay)
        } while true
        return .failed(words)
    }

    private enum Address {
        case completed(RemoteResult)
        case again(String)
        case gone(String)
        case never(String)
    }

    private func address(of id: RemoteJobID, _ batch: BatchID, _ pause: Pause) async throws -> Address {
        for _ in 0..<Self.mostPauses {
            let until = pause.until.withLock { $0 }
            if until > time.now() { try await time.sleep(until) }
            guard try await allowance.take(for: batch) else { throw CancellationError() }
            let reply: Result<RemoteJob, RequestFailure>
            do throws(RequestFailure) {
                reply = .success(try await service.job(id))
            } catch {
                reply = .failure(error)
            }
            allowance.ended(for: batch)
            try await store.addRequests(RequestCounts(get: 1), throughput: nil, to: batch, now: time.wall())
            switch reply {
            case .success(let job): return Self.address(job.status, id)
            case .failure(.throttled(let wait)):
                let until = time.now() + (wait.delay ?? .seconds(1))
                pause.until.withLock { $0 = max($0, until) }
            case .failure(.refused(let trouble)): throw Trouble.account(trouble)
            case .failure(.notFound): return .gone("the API no longer knows the job `\(id)`")
            case .failure(.unavailable(let words)): return .again(words)
            case .failure(.rejected(let words)): return .never(words)
            }
        }
        return .again("the API keeps asking for a pause (429)")
    }

    private static func address(_ status: RemoteJob.Status, _ id: RemoteJobID) -> Address {
        switch status {
        case .completed(let result?): .completed(result)
        case .completed(nil): .gone("the API no longer has the result of `\(id)`")
        case .failed(let words): .gone("the API says now that `\(id)` FAILED: \(words)")
        case .queued, .processing, .unheardOf: .never("the API says now that `\(id)` is not done")
        }
    }

    private enum Fetched {
        case delivered(Delivery)
        case again(String)
        case never(String)
    }

    private func fetch(_ result: RemoteResult, _ description: OutputJob, _ batch: BatchID) async throws -> Fetched {
        let output = tree.begin(description)
        do {
            try await service.download(result.url) { piece in try output.write(piece) }
            let delivery = try await output.finish(result)
            try await store.addRequests(RequestCounts(download: 1), throughput: nil, to: batch, now: time.wall())
            return .delivered(delivery)
        } catch let failure as DownloadFailure {
            output.abandon()
            switch failure {
            case .transient(let words), .gone(let words): return .again(words)
            case .unfetchable(let words), .blocked(let words): return .never(words)
            }
        } catch let failure as OutputFailure {
            output.abandon()
            switch failure {
            case .unwritable(let words): throw Trouble.unwritable(words)
            case .notAnImage(let words): return .again(words)
            case .wrongSize(let words): return .never(words)
            }
        } catch {
            output.abandon()
            throw error
        }
    }

    private func record(
        _ delivery: Delivery, _ finding: VerifyReport.Finding, _ job: FoundJob
    ) async throws -> VerifyReport.Finding.Repair {
        let file = delivery.file
        let isMoved = file.path != finding.file.path
        let isOther = file.sha256 != finding.file.sha256
        if isMoved || isOther || file != finding.file {
            let to: JobLifecycle.State = isMoved || finding.state == .filtered ? .filtered(file) : .done(file)
            try await store.record(
                JobChange(job: job.id, batch: job.batch, from: finding.state, to: to, at: time.wall()))
        }
        return isMoved ? .blank(path: file.path) : .repaired(isOther: isOther)
    }
}

extension VerifyReport.Finding {
    var isUnreadable: Bool {
        if case .unreadable = problem { true } else { false }
    }
}
