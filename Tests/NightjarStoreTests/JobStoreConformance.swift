import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What every store must do, whatever it keeps its rows in.
@Suite(.timeLimit(.minutes(5)))
struct JobStoreConformance {
    private static let id = RemoteJobID("job-1")
    private static let file = OutputFile(path: "a.png", sha256: "00", bytes: 3, width: 2, height: 1)

    private static func opened(_ kind: StoreKind, jobs: Int) throws -> (Opened, BatchID) {
        let opened = try Opened(kind)
        return (opened, try opened.takeIn((0..<jobs).map { PlannedJob.sample("p \($0)") }).batch)
    }

    // MARK: Claims

    @Test(arguments: StoreKind.allCases) func `claims come in order, no more than asked for`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 5)
        let first = try await opened.store.claim(2, of: batch, now: Opened.now)
        #expect(first.map(\.reference.index) == [0, 1])
        #expect(first.allSatisfy { $0.from == .pending && $0.lifecycle.state == .submitting(attempt: 1) })
        #expect(try await opened.store.claim(0, of: batch, now: Opened.now).isEmpty)
        #expect(try await opened.store.claim(9, of: batch, now: Opened.now).map(\.reference.index) == [2, 3, 4])
        #expect(try await opened.store.claim(9, of: batch, now: Opened.now).isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func `what waits for another attempt goes first, but not before its time`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 3)
        let due = Opened.now + .seconds(10)
        let job = try await opened.claim(
            batch, then: [.submitted(Self.id, attempt: 1), .waiting(until: due, attempt: 1)])
        #expect(try await opened.store.nextDue([batch]) == due)
        #expect(try await opened.store.claim(1, of: batch, now: Opened.now).map(\.reference.index) == [1])
        let again = try await opened.store.claim(2, of: batch, now: due)
        #expect(again.map(\.reference.index) == [0, 2])
        #expect(again[0].from == .waiting && again[0].lifecycle.state == .submitting(attempt: 2))
        #expect(again[0].idempotencyKey != job.idempotencyKey)
        #expect(try await opened.store.nextDue([batch]) == nil)
    }

    @Test(arguments: StoreKind.allCases)
    func `an attempt that was turned away comes back with its key`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        let first = try await opened.claim(batch, then: [.pending(attempt: 0)])
        let second = try await opened.claim(batch)
        #expect(first.idempotencyKey == second.idempotencyKey)
        let (other, otherBatch) = try Self.opened(kind, jobs: 1)
        #expect(try await other.claim(otherBatch).idempotencyKey != first.idempotencyKey)
    }

    // MARK: Changes

    @Test(arguments: StoreKind.allCases) func `a change from another state changes nothing`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        let job = try await opened.claim(batch)
        let change = JobChange(
            job: job.id, batch: batch, from: .submitted, to: .failed(FailureCause(.timeout, "")), at: Opened.now,
            spent: Money(micros: 5))
        #expect(try await opened.store.record(change) == .notInState)
        let summary = try #require(try await opened.store.batches().first)
        #expect(summary.counts == [.submitting: 1] && summary.spent == .zero)
    }

    @Test(arguments: StoreKind.allCases) func `an id belongs to one job`(kind: StoreKind) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 2)
        try await opened.claim(batch, then: [.submitted(Self.id, attempt: 1)])
        let second = try await opened.claim(batch)
        let change = JobChange(
            job: second.id, batch: batch, from: .submitting, to: .submitted(Self.id, attempt: 1), at: Opened.now)
        #expect(try await opened.store.record(change) == .remoteIDTaken)
        #expect(try await opened.store.batches().first?.counts == [.submitted: 1, .submitting: 1])
    }

    @Test(arguments: StoreKind.allCases) func `money adds up, and what was not billed is taken off`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 2)
        for (place, state) in [
            JobLifecycle.State.submitted(RemoteJobID("x"), attempt: 1), .unknown(attempt: 1, FailureCause(.lost, "")),
        ].enumerated() {
            let job = try await opened.claim(batch)
            _ = try await opened.store.record(
                JobChange(
                    job: job.id, batch: batch, from: .submitting, to: state, at: Opened.now,
                    spent: Money(micros: 7 + Int64(place))))
        }
        #expect(try await opened.store.batches().first?.spent == Money(micros: 15))
    }

    @Test(arguments: StoreKind.allCases) func `each submission keeps a row of its own, with what became of it`(
        kind: StoreKind
    ) async throws {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        try await opened.claim(batch, then: [.pending(attempt: 0)])
        try await opened.claim(batch, then: [.submitted(Self.id, attempt: 1), .waiting(until: Opened.now, attempt: 1)])
        try await opened.claim(
            batch,
            then: [
                .submitted(RemoteJobID("job-2"), attempt: 2),
                .ready(RemoteJobID("job-2"), RemoteResult(url: "u"), attempt: 2), .done(Self.file),
            ])
        #expect(try await submissions(opened) == ["1 1 pending nil", "2 1 waiting job-1", "3 2 submitted job-2"])
        let job = try #require(try await opened.store.jobs().first)
        #expect(job.state == .done && job.file == Self.file && job.attempts == 2)
    }

    private func submissions(_ opened: Opened) async throws -> [String] {
        try await opened.store.read { db in
            try Row.fetchAll(db, sql: "SELECT * FROM submissions ORDER BY job_id, number").map { row in
                let remote: String? = row["remote_id"]
                return "\(row["number"] as Int) \(row["attempt"] as Int) \(row["outcome"] ?? "nil") \(remote ?? "nil")"
            }
        }
    }

    // MARK: Start

    @Test(arguments: StoreKind.allCases) func `a start makes unknown what was being submitted, once`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 5)
        let lost = try await opened.claim(batch)
        try await opened.claim(batch, then: [.submitted(Self.id, attempt: 1)])
        let result = RemoteResult(url: "https://x", width: 3, height: 4, seed: 5)
        try await opened.claim(
            batch, then: [.submitted(RemoteJobID("r"), attempt: 1), .ready(RemoteJobID("r"), result, attempt: 1)])
        let first = try await opened.store.recover(now: Opened.now + .seconds(5))
        #expect(first.interrupted == 1)
        let open = try await opened.store.openSubmissions()
        #expect(open.map(\.id.job) == [lost.id] && open.map(\.intent) == [.sample(Opened.now)])
        #expect(open.map(\.lost?.at) == [.sample(Opened.now + .seconds(5))])
        #expect(
            first.running.map(\.lifecycle.state) == [
                .submitted(Self.id, attempt: 1), .ready(RemoteJobID("r"), result, attempt: 1),
            ])
        let second = try await opened.store.recover(now: Opened.now + .seconds(50))
        #expect(second.interrupted == 0)
        #expect(second.running == first.running)
        #expect(try await opened.store.openSubmissions() == open, "the time of a loss never changes")
        #expect(try await opened.store.batches().first?.counts == [.unknown: 1, .submitted: 1, .ready: 1, .pending: 2])
    }

    @Test(arguments: StoreKind.allCases) func `failed jobs are taken back by what may have been paid`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 4)
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, ""))])
        try await opened.claim(
            batch, then: [.submitted(RemoteJobID("1"), attempt: 1), .failed(FailureCause(.remoteFailed, ""))])
        try await opened.claim(
            batch, then: [.submitted(RemoteJobID("2"), attempt: 1), .failed(FailureCause(.timeout, ""))])
        #expect(try await opened.store.retryFailed([batch], now: Opened.now) == 3)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.state) == [.pending, .pending, .submitted, .pending])
        #expect(jobs.allSatisfy { $0.error == nil })
        #expect(try await opened.store.batches().first?.counts == [.pending: 3, .submitted: 1])
    }

    // MARK: Counts

    @Test(arguments: StoreKind.allCases) func `counts always equal what there is to count`(kind: StoreKind) async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 30)
        var random = SeededGenerator()
        var live: [(JobID, JobState)] = []
        for step in 0..<400 {
            if live.isEmpty || Int.random(in: 0..<3, using: &random) == 0 {
                let now = Opened.now + .seconds(step)
                live += try await opened.store.claim(Int.random(in: 1...3, using: &random), of: batch, now: now).map {
                    ($0.id, .submitting)
                }
                if live.isEmpty { _ = try await opened.store.retryFailed([batch], now: now) }
                continue
            }
            let place = Int.random(in: 0..<live.count, using: &random)
            let (job, from) = live.remove(at: place)
            let id = RemoteJobID(Int.random(in: 0..<9, using: &random) == 0 ? "same" : "job-\(step)")
            let states: [JobLifecycle.State] = [
                .pending(attempt: 0), .submitted(id, attempt: 1), .unknown(attempt: 1, FailureCause(.lost, "")),
                .ready(id, RemoteResult(url: ""), attempt: 1), .waiting(until: Opened.now, attempt: 1),
                .done(Self.file), .filtered(Self.file), .failed(FailureCause(.remoteFailed, "")), .cancelled,
            ]
            let to = states[Int.random(in: 0..<states.count, using: &random)]
            // One in five begins from a state that the job is not in.
            let said = Int.random(in: 0..<5, using: &random) == 0 ? JobState.done : from
            let outcome = try await opened.store.record(
                JobChange(job: job, batch: batch, from: said, to: to, at: Opened.now))
            if outcome != .recorded {
                live.append((job, from))
            } else if [.submitted, .ready, .unknown].contains(to.name) {
                live.append((job, to.name))
            }
            if step % 20 == 0 {
                _ = try await opened.store.recover(now: Opened.now);
                live = live.map { ($0.0, $0.1 == .submitting ? .unknown : $0.1) }
            }
            let real = try await opened.store.jobs().reduce(into: [JobState: Int]()) { $0[$1.state, default: 0] += 1 }
            #expect(try await opened.store.batches().first?.counts == real, "\(random), step \(step)")
        }
    }

    // MARK: Small things

    @Test(arguments: StoreKind.allCases) func `requests, reservations and the metadata record are kept`(kind: StoreKind)
        async throws
    {
        let (opened, batch) = try Self.opened(kind, jobs: 1)
        let store = opened.store
        try await store.addRequests(RequestCounts(submit: 1, get: 2), throughput: 1.5, to: batch, now: Opened.now)
        try await store.addRequests(RequestCounts(list: 3, rateLimited: 4), throughput: nil, to: batch, now: Opened.now)
        #expect(try await store.batches().first?.requests == RequestCounts(submit: 1, get: 2, list: 3, rateLimited: 4))
        try await store.reserveRequests(7, of: nil, at: Opened.now)
        try await store.reserveRequests(8, of: batch, at: Opened.now)
        let since = Opened.now + .seconds(-1)
        #expect(
            try await store.reservedRequests(of: nil, since: since) == [RequestReservation(time: Opened.now, count: 7)])
        #expect(try await store.reservedRequests(of: batch, since: since).map(\.count) == [8])
        try await store.setMetadataRecord(MetadataRecord(hashes: ["a", "b", "c"], images: 4), of: batch)
        #expect(try await store.metadataRecord(of: batch) == MetadataRecord(hashes: ["b", "c"], images: 4))
        #expect(try await store.modelsToSubmit([batch]) == ["model-a"])
        #expect(try await store.haveImages([batch]).isEmpty)
    }
}
