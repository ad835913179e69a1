import NightjarCore
import NightjarTestSupport
import Synchronization
import Testing

@testable import NightjarRunner

/// Whole runs against a good API.
@Suite(.timeLimit(.minutes(5)))
struct RunTests {
    @Test func `one job runs from pending to done, its events in order`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 1)
        let outcome = try await bench.run()
        #expect(outcome.exit == .success)
        #expect(outcome.reason.isEmpty)
        #expect(bench.events.steps == ["started", "submitted", "ready", "done"])
        #expect(bench.tree.files == ["spring/0.png": "https://images.example/job-1"])
        #expect(bench.tree.open == 0)
    }

    @Test func `a batch of a hundred runs to done, each job submitted once and fetched once`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 100)
        let outcome = try await bench.run(.with())
        #expect(outcome.exit == .success)
        #expect(try await bench.states() == [.done: 100])
        #expect(bench.service.submissions.count == 100)
        #expect(Set(bench.service.submissions.map(\.idempotencyKey)).count == 100)
        #expect(bench.service.fetches.count == 100)
        #expect(outcome.batches.first?.counts == [.done: 100])
    }

    @Test func `nothing to do ends at once, without one request`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 3)
        _ = try await bench.run()
        let second = try Bench(after: bench)
        #expect(try await second.run().exit == .success)
        #expect(second.service.requestTimes.isEmpty)
        #expect(second.service.fetches.isEmpty)
    }

    @Test(arguments: [1, 3, 8]) func `concurrency is never exceeded and is used up`(concurrency: Int) async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 40)
        #expect(try await bench.run(.with(concurrency: concurrency)).exit == .success)
        #expect(bench.service.mostUnfinished == concurrency)
    }

    @Test func `no more files are fetched at one time than allowed`() async throws {
        var script = ScriptedService.Script()
        script.latency = .seconds(3)
        script.duration = .milliseconds(1)
        let bench = try Bench(script)
        try bench.takeIn(jobs: 30)
        #expect(try await bench.run(.with(concurrency: 30) { $0.downloads = 3 }).exit == .success)
        #expect(bench.service.mostFetching == 3)
    }

    @Test(arguments: [Rate(requests: 5, per: .second), Rate(requests: 30, per: .minute)])
    func `the rate holds in every window, whatever is asked`(rate: Rate) async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 60)
        #expect(try await bench.run(.with(concurrency: 20, rate: rate)).exit == .success)
        #expect(mostWithin(rate.window.duration, of: bench.service.requestTimes) <= rate.requests)
    }

    @Test func `two batches share the slots, and each keeps its own limits`() async throws {
        let bench = try Bench()
        try bench.takeIn("narrow", jobs: 20, limits: .init(concurrency: 2))
        try bench.takeIn("wide", jobs: 20)
        let perBatch = Unfinished()
        let events = EventRecorder { perBatch.see($0) }
        let outcome = try await bench.clock.run {
            let runner = try await Runner(
                settings: .with(concurrency: 6), asked: try await bench.store.batches().map(\.id),
                store: WatchedStore(bench.store, bench.clock), service: bench.service, tree: bench.tree,
                observer: events, time: bench.clock.timekeeper)
            return await runner.run()
        }
        #expect(outcome.exit == .success)
        #expect(bench.service.mostUnfinished == 6)
        #expect(perBatch.most["narrow"] == 2)
        #expect((perBatch.most["wide"] ?? 0) >= 4)
    }

    @Test func `a batch's own rate holds beside the operator's`() async throws {
        let bench = try Bench()
        try bench.takeIn("slow", jobs: 12, model: "slow", limits: .init(rate: Rate(requests: 6, per: .minute)))
        try bench.takeIn("fast", jobs: 12, model: "fast")
        #expect(try await bench.run(.with()).exit == .success)
        let slow = bench.service.submissions.filter { $0.request.parameters.model == "slow" }.map(\.time)
        let fast = bench.service.submissions.filter { $0.request.parameters.model == "fast" }.map(\.time)
        #expect(slow.count == 12)
        #expect(mostWithin(.seconds(60), of: slow) <= 6)
        #expect((fast.max() ?? .zero) < .seconds(60))
    }

    @Test func `a batch's largest number of jobs stops that batch alone`() async throws {
        let bench = try Bench()
        try bench.takeIn("few", jobs: 10, limits: .init(maxJobs: 3))
        try bench.takeIn("all", jobs: 10)
        #expect(try await bench.run().exit == .limitReached)
        #expect(try await bench.states("few") == [.done: 3, .pending: 7])
        #expect(try await bench.states("all") == [.done: 10])
    }

    @Test func `a batch that is not asked for is only brought home`() async throws {
        let bench = try Bench()
        let other = try bench.takeIn("other", jobs: 3)
        let claimed = try await bench.store.claim(1, of: other, now: bench.clock.wall)
        var lifecycle = claimed[0].lifecycle
        _ = lifecycle.accepted(RemoteJobID("job-77"))
        try await bench.store.record(
            JobChange(
                job: claimed[0].id, batch: other, from: .submitting, to: lifecycle.state, at: bench.clock.wall))
        let asked = try bench.takeIn("asked", jobs: 2)
        let outcome = try await bench.run(asked: [asked])
        #expect(outcome.exit == .success)
        #expect(outcome.batches.map(\.batch) == ["asked"])
        #expect(try await bench.states("other") == [.done: 1, .pending: 2])
        #expect(try await bench.states("asked") == [.done: 2])
        #expect(bench.service.submissions.count == 2)
    }

    @Test func `no job is looked at more than twice on average once durations are known`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 200)
        _ = try await bench.run(.with(concurrency: 2))
        let late = bench.service.looks.filter { $0.time > .seconds(400) }
        let jobs = Set(late.map(\.id)).count
        #expect(jobs > 50)
        #expect(Double(late.count) < 2.5 * Double(jobs))
    }
}

/// The most unfinished jobs of each batch, counted from events.
private final class Unfinished: Sendable {
    private let counts = Mutex<(now: [String: Int], most: [String: Int])>(([:], [:]))

    var most: [String: Int] { counts.withLock { $0.most } }

    func see(_ event: RunEvent) {
        let batch = event.batch ?? ""
        counts.withLock { counts in
            switch event.kind {
            case .submitted: counts.now[batch, default: 0] += 1
            case .ready: counts.now[batch, default: 0] -= 1
            default: break
            }
            counts.most[batch] = max(counts.most[batch] ?? 0, counts.now[batch] ?? 0)
        }
    }
}
