import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// A probe is one request; whatever becomes of it, another may leave after it.
@Suite(.timeLimit(.minutes(5)))
struct ProbeTests {
    @Test func `a submission that probes for all requests and is lost does not end the asking`() async throws {
        var script = ScriptedService.Script()
        script.submit = { _ in .lost(Loss(.closed, "cut")) }
        script.list = { _, _ in .failure(.unavailable("502")) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 3)
        let outcome = try await bench.run(.with { $0.unknownWait = .seconds(600) })
        #expect(outcome.exit == .apiUnavailable, "\(outcome)")
        #expect(bench.clock.now < .seconds(120))
        #expect(bench.service.submissions.count < 12)
    }

    @Test(arguments: [SubmissionAnswer.throttled(RetryAfter(nil)), .notSent("refused")])
    func `a submission that probes and is turned away is followed by another`(
        answer: SubmissionAnswer
    ) async throws {
        var script = ScriptedService.Script()
        script.submit = { submission in
            switch submission.number {
            case 2...5: .lost(Loss(.gateway, "503"))
            case 6...8: answer
            default: nil
            }
        }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(.with(concurrency: 4) { $0.settle = .seconds(5) })
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 20])
    }

    @Test func `a submission that probes with a key that is refused is followed by another`() async throws {
        var script = ScriptedService.Script()
        script.submit = { submission in
            switch submission.number {
            case 2...5: .lost(Loss(.gateway, "503"))
            case 6...8: .refused(AccountTrouble(.keyRefused, "bad key"))
            default: nil
            }
        }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 20)
        let outcome = try await bench.run(
            .with(concurrency: 4) {
                $0.settle = .seconds(5)
                $0.unknownWait = .seconds(3600)
                $0.isService = true
            })
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 20])
    }
}
