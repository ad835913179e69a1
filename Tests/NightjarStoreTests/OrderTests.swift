import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What people want of whole batches, as the state carries it out.
@Suite(.timeLimit(.minutes(5)))
struct OrderTests {
    private static let price = Money(micros: 20_000)
    private static let file = OutputFile(path: "a.png", sha256: "00", bytes: 3, width: 2, height: 1)
    private static func id(_ number: Int) -> RemoteJobID { RemoteJobID("job-\(number)") }

    private static func carryOut(
        _ opened: Opened, _ order: Order, _ batch: BatchID?
    ) async throws -> OrderOutcome.Result {
        let number = try await opened.store.leave(order, for: batch, now: Opened.now)
        #expect(try await opened.store.outcome(ofOrder: number) == nil)
        _ = try await opened.store.carryOutOrders(now: Opened.now)
        let outcome = try #require(try await opened.store.outcome(ofOrder: number))
        #expect(outcome.order == order && outcome.batch == batch)
        #expect(try await opened.store.carryOutOrders(now: Opened.now).isEmpty, "once")
        try await opened.store.checkInvariants()
        try await isCounted(opened)
        return outcome.result
    }

    /// The counts say what the rows say.
    private static func isCounted(_ opened: Opened) async throws {
        for batch in try await opened.store.batches() {
            let rows = try await opened.store.jobs(of: batch.settings.name)
            let real = rows.reduce(into: [JobState: Int]()) { $0[$1.state, default: 0] += 1 }
            #expect(batch.counts == real, "\(batch.settings.name)")
            let paused = rows.count { $0.isPaused && ($0.state == .pending || $0.state == .waiting) }
            #expect(batch.pausedJobs == paused)
        }
    }

    private static func submitted(_ number: Int) -> JobLifecycle.State { .submitted(id(number), attempt: 1) }

    /// One job in each state but `submitting`: that is the last one claimed.
    private static func everyState(_ opened: Opened) async throws -> BatchID {
        let batch = try opened.takeIn((0..<9).map { .sample("p\($0)") }).batch
        let ready = { JobLifecycle.State.ready(id($0), RemoteResult(url: "u"), attempt: 1) }
        try await opened.claim(batch, then: [submitted(0), ready(0), .done(file)])
        try await opened.claim(batch, then: [submitted(1), ready(1)])
        try await opened.claim(batch, then: [submitted(2)])
        try await opened.lose(batch)
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "no"))])
        try await opened.claim(batch, then: [submitted(5), .waiting(until: Opened.now + .seconds(9), attempt: 1)])
        try await opened.claim(batch)
        return batch
    }

    // MARK: Pause

    @Test(arguments: StoreKind.allCases) func `a pause is a pause however often, and a resume takes it back`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a"), .sample("b")]).batch
        for isFirst in [true, false] {
            #expect(try await Self.carryOut(opened, .pause, batch) == .carriedOut(changed: isFirst))
            #expect(try await opened.store.batch(batch)?.paused == true)
        }
        for isFirst in [true, false] {
            #expect(try await Self.carryOut(opened, .resume, batch) == .carriedOut(changed: isFirst))
            #expect(try await opened.store.batch(batch)?.paused == false)
        }
    }

    @Test(arguments: StoreKind.allCases) func `a resume of a batch resumes its single jobs too`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a"), .sample("b"), .sample("c")]).batch
        let job = try await opened.claim(batch, then: [.pending(attempt: 0)])
        _ = try await opened.store.leave(.pause, for: job.id, now: Opened.now)
        _ = try await opened.store.carryOutDecisions(now: Opened.now)
        try await Self.isCounted(opened)
        #expect(try await opened.store.batch(batch)?.pausedJobs == 1)
        #expect(try await opened.store.jobs().map(\.isPaused) == [true, false, false])
        let claimed = try await opened.store.claim(9, of: batch, now: Opened.now)
        #expect(claimed.map(\.reference.index) == [1, 2])
        #expect(try await Self.carryOut(opened, .resume, batch) == .carriedOut(changed: true))
        #expect(try await opened.store.claim(9, of: batch, now: Opened.now).map(\.reference.index) == [0])
    }

    @Test(arguments: StoreKind.allCases) func `everything is paused, what comes later too, until all is resumed`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a")]).batch
        for isFirst in [true, false] {
            #expect(try await Self.carryOut(opened, .pause, nil) == .carriedOut(changed: isFirst))
        }
        let late = try opened.takeIn([.sample("b")], name: "late").batch
        #expect(try await opened.store.batches().map(\.paused) == [true, true])
        #expect(try await opened.store.batches().map(\.isAllPaused) == [true, true])
        guard case .refused(let words) = try await Self.carryOut(opened, .resume, late) else {
            return #expect(Bool(false), "a batch was resumed while everything is paused")
        }
        #expect(words.contains("nightjar resume --all"))
        _ = try await Self.carryOut(opened, .pause, batch)
        for isFirst in [true, false] {
            #expect(try await Self.carryOut(opened, .resume, nil) == .carriedOut(changed: isFirst))
            #expect(try await opened.store.batches().map(\.paused) == [false, false])
        }
    }

    // MARK: Cancel

    @Test(arguments: StoreKind.allCases) func `a cancel takes what was not submitted, and once`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try await Self.everyState(opened)
        try opened.takeIn([.sample("x")], name: "other")
        let home: [JobState: Int] = [.submitting: 1, .submitted: 1, .ready: 1, .unknown: 1]
        #expect(
            try await Self.carryOut(opened, .cancel, batch)
                == .carriedOut(changed: true, cancelled: [.pending: 2, .waiting: 1], comesHome: home))
        #expect(try await Self.carryOut(opened, .cancel, batch) == .carriedOut(changed: false, comesHome: home))
        #expect(
            try await opened.store.jobs(of: "spring").map(\.state) == [
                .done, .ready, .submitted, .unknown, .failed, .cancelled, .submitting, .cancelled, .cancelled,
            ])
        #expect(
            try await opened.store.jobs(of: "spring").map(\.isUnwanted) == [
                false, true, true, true, false, false, true, false, false,
            ])
        #expect(try await opened.store.batches().last?.counts == [.pending: 1])
        #expect(
            try await Self.carryOut(opened, .cancel, nil)
                == .carriedOut(changed: true, cancelled: [.pending: 1], comesHome: home))
    }

    @Test(arguments: StoreKind.allCases)
    func `what is cancelled at the API comes home or ends, and is not submitted again`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn((0..<4).map { .sample("p\($0)") }).batch
        let home = try await opened.claim(batch, then: [Self.submitted(0)])
        let failed = try await opened.claim(batch, then: [Self.submitted(1)])
        let turnedAway = try await opened.claim(batch)
        let rejected = try await opened.claim(batch)
        _ = try await Self.carryOut(opened, .cancel, batch)
        let oom = JobLifecycle.State.failed(FailureCause(.remoteFailed, "oom"))
        #expect(try await opened.record(failed.id, batch, from: .submitted, to: oom) == .setAside)
        #expect(
            try await opened.record(turnedAway.id, batch, from: .submitting, to: .pending(attempt: 0)) == .setAside)
        let no = JobLifecycle.State.failed(FailureCause(.rejected, "no"))
        #expect(try await opened.record(rejected.id, batch, from: .submitting, to: no) == .recorded)
        let ready = JobLifecycle.State.ready(Self.id(0), RemoteResult(url: "u"), attempt: 1)
        #expect(try await opened.record(home.id, batch, from: .submitted, to: ready) == .recorded)
        #expect(try await opened.record(home.id, batch, from: .ready, to: .done(Self.file)) == .recorded)
        #expect(try await opened.store.jobs().map(\.state) == [.done, .cancelled, .cancelled, .failed])
        try await Self.isCounted(opened)
        try await opened.store.checkInvariants()
    }

    @Test(arguments: StoreKind.allCases) func `a retry wants again what was cancelled at the API`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a")], name: "spring").batch
        let job = try await opened.claim(batch, then: [Self.submitted(0)])
        _ = try await Self.carryOut(opened, .cancel, batch)
        let number = try await opened.store.leave(.retry, for: job.id, now: Opened.now)
        _ = try await opened.store.carryOutDecisions(now: Opened.now)
        let result = try await opened.store.outcome(ofDecision: number)?.result
        #expect(result == .moved(from: .submitted, to: .submitted))
        #expect(try await opened.store.jobs().map(\.isUnwanted) == [false])
        let waiting = JobLifecycle.State.waiting(until: Opened.now + .seconds(4), attempt: 1)
        #expect(try await opened.record(job.id, batch, from: .submitted, to: waiting) == .recorded)
    }

    // MARK: Set

    @Test(arguments: StoreKind.allCases) func `limits are set, seen, changed one by one, and taken back`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a")]).batch
        let rate = Rate(requests: 30, per: .minute)
        let both = Order.set(LimitChange(concurrency: .by(2), rate: .by(rate)))
        for isFirst in [true, false] {
            #expect(try await Self.carryOut(opened, both, batch) == .carriedOut(changed: isFirst))
        }
        #expect(try await opened.store.batch(batch)?.overrides == LimitOverrides(concurrency: 2, rate: rate))
        let priority = Order.set(LimitChange(concurrency: .takenBack, priority: .by(-5)))
        #expect(try await Self.carryOut(opened, priority, batch) == .carriedOut(changed: true))
        #expect(try await opened.store.batch(batch)?.overrides == LimitOverrides(rate: rate, priority: -5))
        // Of everything: another matter.
        #expect(try await Self.carryOut(opened, both, nil) == .carriedOut(changed: true))
        #expect(try await opened.store.limitOverrides() == LimitOverrides(concurrency: 2, rate: rate))
        #expect(try await opened.store.batch(batch)?.overrides == LimitOverrides(rate: rate, priority: -5))
        guard case .refused = try await Self.carryOut(opened, priority, nil) else {
            return #expect(Bool(false), "a priority was set for everything")
        }
        try await opened.store.clearLimitOverrides()
        #expect(try await opened.store.limitOverrides() == LimitOverrides())
        #expect(try await opened.store.batch(batch)?.overrides == LimitOverrides(rate: rate, priority: -5))
    }

    // MARK: What was committed

    @Test(arguments: StoreKind.allCases) func `what costs, or may cost, is committed from its intent on`(
        kind: StoreKind
    ) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn((0..<7).map { .sample("p\($0)") }).batch
        var jobs: [ClaimedJob] = []
        for _ in 0..<7 {
            jobs += try await opened.store.claim(
                1, of: batch, avoiding: [], room: [:], prices: ["model-a": Self.price], at: Opened.moment(),
                now: Opened.now)
        }
        func record(_ place: Int, _ from: JobState, _ to: JobLifecycle.State) async throws {
            #expect(try await opened.record(jobs[place].id, batch, from: from, to: to) == .recorded)
        }
        // Done, FAILED for good, FAILED and to be tried again, turned away, rejected, lost, and not answered yet.
        try await record(0, .submitting, Self.submitted(0))
        try await record(0, .submitted, .ready(Self.id(0), RemoteResult(url: "u"), attempt: 1))
        try await record(0, .ready, .done(Self.file))
        try await record(1, .submitting, Self.submitted(1))
        try await record(1, .submitted, .failed(FailureCause(.remoteFailed, "oom")))
        try await record(2, .submitting, Self.submitted(2))
        try await record(2, .submitted, .waiting(until: Opened.now, attempt: 1))
        try await record(3, .submitting, .pending(attempt: 0))
        try await record(4, .submitting, .failed(FailureCause(.rejected, "no")))
        try await opened.lose(jobs[5])
        let committed = try await opened.store.committed(since: Opened.now)
        // All but the one that was turned away were submissions; money is what may be billed.
        #expect(committed.submissions == 6 && committed.money == Self.price * 3, "\(committed)")
        let ofBatch = try await opened.store.committed(by: batch)
        #expect(ofBatch.submissions == 6 && ofBatch.money == Self.price * 3)
        let later = try await opened.store.committed(since: Opened.now + .seconds(1))
        #expect(later.submissions == 0 && later.money == .zero)
    }
}
