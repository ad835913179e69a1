import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// The first jobs of a batch go alone.
@Suite(.timeLimit(.minutes(5)))
struct PilotTests {
    private static func settings(_ pilot: Int) -> RunSettings {
        .with(concurrency: 50) { $0.pilot = pilot }
    }

    @Test(arguments: [1, 3])
    func `a pilot that FAILED is tried again, and stops the batch when no try is left`(_ pilot: Int) async throws {
        var script = ScriptedService.Script()
        script.look = { _ in .success(.failed("out of memory")) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20, retry: .init(attempts: 3))
        let outcome = try await bench.run(Self.settings(pilot))
        #expect(outcome.exit == .someFailed, "\(outcome)")
        #expect(bench.service.submissions.count == 3 * pilot)
        #expect(try await bench.states() == [.failed: pilot, .pending: 20 - pilot])
    }

    @Test func `a pilot that FAILED once lets the others go when its next try has brought an image`() async throws {
        var script = ScriptedService.Script()
        script.look = { ["job-1", "job-2", "job-3"].contains($0.id.rawValue) ? .success(.failed("busy")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20, retry: .init(attempts: 3))
        #expect(try await bench.run(Self.settings(3)).exit == .success)
        #expect(try await bench.states() == [.done: 20])
        #expect(bench.service.submissions.count == 23)
    }

    @Test func `a batch of which all is made anew has a pilot again`() async throws {
        let bench = try Bench()
        func takeIn(_ word: String, _ changed: ChangedJobs) throws -> Intake {
            let jobs = (0..<20).map { PlannedJob.sample("\(word) \($0)", label: "job \($0)") }
            return try bench.store.takeIn(
                BatchSettings(name: "spring"), jobs, digest: word, changed: changed, now: bench.clock.wall)
        }
        _ = try takeIn("good", .keep)
        #expect(try await bench.run(Self.settings(3)).exit == .success)
        #expect(try takeIn("bad", .redo).redone == 20)
        var script = ScriptedService.Script()
        script.submit = { _ in .rejected("no such words") }
        let later = try Bench(script, after: bench)
        #expect(try await later.run(Self.settings(3)).exit == .someFailed)
        #expect(later.service.submissions.count == 3)
    }

    @Test func `no more than the pilot is sent while all of it is rejected`() async throws {
        var script = ScriptedService.Script()
        script.submit = { _ in .rejected("no such model") }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 200)
        #expect(try await bench.run(Self.settings(3)).exit == .someFailed)
        #expect(bench.service.submissions.count == 3)
    }

    @Test func `one good job among rejected ones is waited for, and lets the others go`() async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(60)
        let bad: Set = ["spring, prompt 0", "spring, prompt 1", "spring, prompt 3"]
        script.submit = { bad.contains($0.request.prompt) ? .rejected("not this") : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20)
        #expect(try await bench.run(Self.settings(3)).exit == .someFailed)
        #expect(try await bench.states() == [.done: 17, .failed: 3])
    }
}
