import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// `pause` and `resume`, before a run and in it.
@Suite(.timeLimit(.minutes(5)))
struct PauseTests {
    @Test func `a pause stops submissions at once, what runs comes home, and a resume goes on`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 40)
        try bench.takeIn("other", jobs: 60)
        let outcome = try await bench.run(.with(concurrency: 8)) { _ in
            try await bench.say(.pause, of: spring, at: 25)
            try await bench.clock.sleep(until: .seconds(45))
            #expect(try await bench.states("spring")[.submitted] == nil, "what ran has come home")
            try await bench.say(.resume, of: spring, at: 65)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        let paused = Duration.milliseconds(25_100)..<(.seconds(65))
        #expect(!bench.submissions(of: "spring").contains { paused.contains($0) })
        #expect(bench.submissions(of: "spring").contains { $0 >= .seconds(65) })
        #expect(bench.submissions(of: "other").contains { paused.contains($0) })
        #expect(try await bench.states() == [.done: 100])
    }

    @Test func `a run of which all is paused asks the API nothing, ends with 8, and says what to type`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 4)
        _ = try await bench.store.leave(.pause, for: spring, now: bench.clock.wall)
        let outcome = try await bench.run(.with())
        #expect(outcome.exit == .limitReached)
        #expect(outcome.reason == "paused: nightjar resume spring; 4 left")
        #expect(outcome.needs == ["nightjar resume spring"])
        #expect(bench.service.requestTimes.isEmpty)
        // Another run finds it so.
        #expect(try await Bench(after: bench).run(.with()).exit == .limitReached)
    }

    @Test func `everything is paused, also a batch that came after the word`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 2)
        _ = try await bench.store.leave(.pause, for: nil, now: bench.clock.wall)
        #expect(try await bench.run(.with()).reason == "paused: nightjar resume --all; 2 left")
        try bench.takeIn("late", jobs: 1)
        let both = try Bench(after: bench)
        #expect(try await both.run(.with()).reason == "paused: nightjar resume --all; 3 left")
        _ = try await bench.store.leave(.resume, for: nil, now: bench.clock.wall)
        #expect(try await Bench(after: bench).run(.with()).exit == .success)
    }

    @Test func `jobs that are paused by themselves are passed over, and end the run with 8`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 6)
        for place in [1, 4] { try await bench.say(.pause, ofJob: place, at: 0) }
        let outcome = try await bench.run(.with())
        #expect(outcome.exit == .limitReached)
        #expect(outcome.reason == "paused: nightjar resume spring; 2 left", "\(outcome)")
        #expect(try await bench.states() == [.done: 4, .pending: 2])
        #expect(try await bench.store.jobs().filter { $0.state == .pending }.map(\.index) == [1, 4])
        try await bench.say(.resume, ofJob: 4, at: 0)
        var script = ScriptedService.Script()
        script.ids = "second"
        #expect(try await Bench(script, after: bench).run(.with()).reason == "paused: nightjar resume spring; 1 left")
        let states = try await bench.states()
        #expect(states == [.done: 5, .pending: 1])
    }

    @Test func `a single job is paused and resumed while its batch runs`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 12)
        let outcome = try await bench.run(.with(concurrency: 2)) { _ in
            try await bench.say(.pause, ofJob: 5, at: 5)
            try await bench.say(.resume, ofJob: 5, at: 45)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        let time = try #require(bench.service.submissions.first { $0.request.prompt == "spring, prompt 5" }).time
        #expect(time > .seconds(45))
    }

    @Test func `limits and pauses are told together`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 4)
        let other = try bench.takeIn("other", jobs: 3)
        _ = try await bench.store.leave(.pause, for: other, now: bench.clock.wall)
        let outcome = try await bench.run(.with { $0.maxJobs = 2 })
        #expect(outcome.exit == .limitReached)
        #expect(outcome.reason == "stopped at `--max-jobs 2`; paused: nightjar resume other; 5 left")
    }

    @Test func `what runs of a paused batch comes home, and a resume meanwhile reads a list first`() async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(60)
        let first = try Bench(script)
        let spring = try first.takeIn(jobs: 6)
        _ = try await first.run(.with(concurrency: 2) { $0.drainTimeout = .zero }) { runner in
            try await first.clock.sleep(until: .seconds(5))
            runner.stop(.interrupted)
        }
        _ = try await first.store.leave(.pause, for: spring, now: first.clock.wall)
        script.ids = "second"
        // The jobs of the first run are still running.
        let start = first.clock.now
        script.look = { $0.age == nil && $0.time < start + .seconds(40) ? .success(.processing) : nil }
        let second = try Bench(script, after: first)
        let outcome = try await second.run(.with(concurrency: 2)) { _ in
            try await second.say(.resume, of: spring, at: 20)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        let list = try #require(second.service.lists.first)
        let submission = try #require(second.service.submissions.first)
        #expect(list >= .seconds(20) && list <= submission.time)
    }

    @Test func `the wait of a paused batch says what to type`() async throws {
        let bench = try Bench()
        let spring = try bench.takeIn(jobs: 40)
        try bench.takeIn("other", jobs: 40)
        let outcome = try await bench.run(.with(concurrency: 4)) { runner in
            try await bench.say(.pause, of: spring, at: 25)
            try await bench.clock.sleep(until: .seconds(40))
            let wait = runner.view.waits["spring"]
            #expect(wait?.reason == .paused && wait?.action == "nightjar resume spring", "\(runner.view)")
            #expect(runner.view.waits["other"] == nil)
        }
        #expect(outcome.exit == .limitReached)
    }
}
