import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// `cancel`, and `retry`, which takes it back.
@Suite(.timeLimit(.minutes(5)))
struct CancelTests {
    @Test func `a cancel of everything ends the run with 0, and what runs comes home`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 30)
        try bench.takeIn("other", jobs: 30)
        let outcome = try await bench.run(.with(concurrency: 4)) { _ in
            try await bench.say(.cancel, of: nil, at: 15)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.clock.now < .seconds(30))
        #expect(!bench.service.submissions.contains { $0.time > .milliseconds(15_100) })
        let done = bench.service.submissions.count
        #expect(try await bench.states() == [.done: done, .cancelled: 60 - done])
    }

    @Test func `of several batches the others go on`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 30)
        try bench.takeIn("other", jobs: 12)
        let outcome = try await bench.run(.with(concurrency: 4)) { _ in
            try await bench.say(.cancel, of: spring, at: 5)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states("other") == [.done: 12])
        #expect(try await bench.states("spring")[.cancelled, default: 0] >= 26)
    }

    @Test func `a submission that is out while all is cancelled, and is turned away, is cancelled`() async throws {
        var script = ScriptedService.Script()
        script.latency = .seconds(2)
        script.submit = { _ in .throttled(RetryAfter(.seconds(5))) }
        let bench = try Bench(script)
        let spring = try bench.takeIn(jobs: 1)
        let outcome = try await bench.run(.with()) { _ in
            while bench.service.submissions.isEmpty { try await bench.clock.sleep(for: .milliseconds(500)) }
            try await bench.clock.busy { _ = try await bench.store.leave(.cancel, for: spring, now: bench.clock.wall) }
            bench.ring()
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.service.submissions.count == 1)
        #expect(try await bench.states() == [.cancelled: 1])
    }

    @Test func `a lost answer that is shown absent after a cancel is cancelled, not submitted again`() async throws {
        var script = ScriptedService.Script()
        script.submit = { $0.number == 1 ? .lost(Loss(.closed, "cut off")) : nil }
        let bench = try Bench(script)
        let spring = try bench.takeIn(jobs: 4)
        let outcome = try await bench.run(.with { $0.unknownWait = .seconds(600) }) { _ in
            try await bench.say(.cancel, of: spring, at: 8)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.service.submissions.count == 4)
        #expect(try await bench.states() == [.done: 3, .cancelled: 1])
    }

    @Test(arguments: [1, 3]) func `a cancelled job that FAILED is cancelled`(attempts: Int) async throws {
        var script = ScriptedService.Script()
        script.look = { ($0.age ?? .zero) >= .seconds(20) ? .success(.failed("oom")) : .success(.processing) }
        let bench = try Bench(script)
        let spring = try bench.takeIn(jobs: 3, retry: .init(attempts: attempts))
        let outcome = try await bench.run(.with { $0.prices = ["model-a": Money(micros: 10_000)] }) { _ in
            try await bench.say(.cancel, of: spring, at: 5)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.service.submissions.count == 3)
        #expect(try await bench.states() == [.cancelled: 3])
        #expect(try await bench.spent() == .zero)
    }

    @Test func `one job is cancelled where it is at the API, and a retry wants it again`() async throws {
        var script = ScriptedService.Script()
        script.look = { look in
            guard ["job-1", "job-2"].contains(look.id.rawValue) else { return nil }
            return (look.age ?? .zero) >= .seconds(40) ? .success(.failed("oom")) : .success(.processing)
        }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 3)
        let outcome = try await bench.run(.with()) { _ in
            for place in 0..<2 { try await bench.say(.cancel, ofJob: place, at: 5) }
            try await bench.say(.retry, ofJob: 1, at: 20)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.service.submissions.count == 4)
        #expect(try await bench.states() == [.done: 2, .cancelled: 1])
    }

    @Test func `what is cancelled is not asked for by a later run, and a retry brings it back`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 5)
        _ = try await bench.store.leave(.cancel, for: spring, now: bench.clock.wall)
        #expect(try await bench.run(.with()).exit == .success)
        #expect(bench.service.requestTimes.isEmpty)
        let second = try Bench(after: bench)
        for place in 0..<5 { try await second.say(.retry, ofJob: place, at: 0) }
        #expect(try await second.run(.with()).exit == .success)
        #expect(try await second.states() == [.done: 5])
    }
}
