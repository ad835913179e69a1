import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// What each answer of the API leads to.
@Suite(.timeLimit(.minutes(5)))
struct AnswerTests {
    private static func script(_ change: (inout ScriptedService.Script) -> Void) -> ScriptedService.Script {
        var script = ScriptedService.Script()
        change(&script)
        return script
    }

    // MARK: Submissions

    @Test func `what was not sent is submitted again, the same attempt with the same key`() async throws {
        let bench = try Bench(Self.script { $0.submit = { $0.number <= 3 ? .notSent("no route") : nil } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.submissions.count == 4)
        #expect(Set(bench.service.submissions.map(\.idempotencyKey)).count == 1)
        #expect(try await bench.store.jobs().first?.attempts == 1)
    }

    @Test func `429 pauses all senders for as long as it says, and burns no attempt`() async throws {
        let bench = try Bench(
            Self.script {
                $0.submit = { $0.number == 5 ? .throttled(RetryAfter(.seconds(90))) : nil }
            })
        try bench.takeIn(jobs: 20)
        #expect(try await bench.run(.with(concurrency: 4)).exit == .success)
        let throttled = try #require(bench.service.submissions.first { $0.number == 5 }).time
        let quiet = bench.service.requestTimes.filter {
            $0 > throttled + .milliseconds(40) && $0 < throttled + .seconds(90)
        }
        #expect(quiet.isEmpty)
        #expect(try await bench.store.jobs().allSatisfy { $0.attempts == 1 })
        #expect(bench.service.submissions.count == 21)
        let requests = try await bench.store.batches().first?.requests
        #expect(requests?.rateLimited == 1)
    }

    @Test func `429 without a word doubles its pause once a burst, not once an answer`() async throws {
        let bench = try Bench(
            Self.script {
                $0.submit = { $0.time < .seconds(2) ? .throttled(RetryAfter(nil)) : nil }
            })
        try bench.takeIn(jobs: 16)
        #expect(try await bench.run(.with(concurrency: 16)).exit == .success)
        let bursts = Set(bench.service.submissions.map { $0.time.components.seconds })
        // At 0 s, a second later, then two seconds later.
        #expect(bursts.sorted() == [0, 1, 3])
    }

    @Test func `a failure that comes late does not end the pause that the API asked for`() async throws {
        let bench = try Bench(
            Self.script {
                $0.submit = {
                    switch $0.number {
                    case 1: .throttled(RetryAfter(.seconds(60)))
                    case 2: .notSent("reset")
                    default: nil
                    }
                }
            })
        try bench.takeIn(jobs: 2)
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.submissions.filter { $0.number > 2 }.allSatisfy { $0.time >= .seconds(60) })
    }

    @Test func `402 submits nothing more and brings home what runs`() async throws {
        let bench = try Bench(
            Self.script {
                $0.submit = {
                    $0.time > .seconds(5) ? .refused(AccountTrouble(.paymentRequired, "top up")) : nil
                }
            })
        try bench.takeIn(jobs: 10)
        let outcome = try await bench.run(.with(concurrency: 3))
        #expect(outcome.exit == .accountBlocked)
        #expect(outcome.reason.contains("top up"))
        #expect(try await bench.states() == [.done: 3, .pending: 7])
        #expect(bench.service.submissions.count <= 6)
        #expect(try await bench.store.jobs().allSatisfy { $0.state == .done || $0.attempts == 0 })
    }

    @Test func `401 sends nothing more at all`() async throws {
        let bench = try Bench(
            Self.script {
                $0.submit = { $0.number == 4 ? .refused(AccountTrouble(.keyRefused, "bad key")) : nil }
            })
        try bench.takeIn(jobs: 30)
        let outcome = try await bench.run(.with(concurrency: 4))
        #expect(outcome.exit == .keyRefused)
        let refused = try #require(bench.service.submissions.first { $0.number == 4 }).time
        #expect(bench.service.requestTimes.allSatisfy { $0 <= refused + .milliseconds(40) })
        #expect(try await bench.states() == [.submitted: 3, .pending: 27])
    }

    @Test func `403 on a submission brings home what runs, on another call nothing more is sent`() async throws {
        let onSubmit = try Bench(
            Self.script { $0.submit = { $0.number == 3 ? .refused(AccountTrouble(.forbidden, "no")) : nil } })
        try onSubmit.takeIn(jobs: 5)
        #expect(try await onSubmit.run(.with(concurrency: 3)).exit == .keyRefused)
        #expect(try await onSubmit.states() == [.done: 2, .pending: 3])

        let onLook = try Bench(
            Self.script { $0.look = { _ in .failure(.refused(AccountTrouble(.forbidden, "no"))) } })
        try onLook.takeIn(jobs: 1)
        #expect(try await onLook.run().exit == .keyRefused)
        #expect(onLook.service.looks.count == 1)
        #expect(try await onLook.states() == [.submitted: 1])
    }

    @Test func `what the API will never take has failed, and costs nothing`() async throws {
        let bench = try Bench(Self.script { $0.submit = { $0.number == 1 ? .rejected("bad prompt") : nil } })
        try bench.takeIn(jobs: 3)
        let outcome = try await bench.run(.with(concurrency: 1) { $0.prices = ["model-a": Money(micros: 100)] })
        #expect(outcome.exit == .someFailed)
        #expect(bench.events.count("failed rejected") == 1)
        #expect(try await bench.spent() == Money(micros: 200))
    }

    /// An API that has no list.
    private static func withoutList(_ change: (inout ScriptedService.Script) -> Void) -> ScriptedService.Script {
        script {
            $0.list = { _, _ in .failure(.notFound) }
            change(&$0)
        }
    }

    @Test func `where there is no list, a lost answer is held, and not submitted again by this run or the next`()
        async throws
    {
        let bench = try Bench(
            Self.withoutList { $0.submit = { $0.number == 2 ? .lost(Loss(.closed, "cut off")) : nil } })
        try bench.takeIn(jobs: 4)
        #expect(try await bench.run().exit == .unknownLeft)
        #expect(bench.service.submissions.count == 4)
        #expect(bench.events.count("unknown") == 1)
        #expect(try await bench.states() == [.done: 3, .unknown: 1])
        let second = try Bench(Self.withoutList { _ in }, after: bench)
        #expect(try await second.run().exit == .unknownLeft)
        #expect(second.service.submissions.isEmpty)
        #expect(try await second.states() == [.done: 3, .unknown: 1])
    }

    @Test func `where there is no list, an unknown job gives its slot back after ten minutes, so that others finish`()
        async throws
    {
        let bench = try Bench(
            Self.withoutList { $0.submit = { $0.number == 1 ? .lost(Loss(.closed, "cut off")) : nil } })
        try bench.takeIn(jobs: 3)
        #expect(try await bench.run(.with(concurrency: 1)).exit == .unknownLeft)
        let second = try #require(bench.service.submissions.first { $0.number == 2 }).time
        #expect(second >= .seconds(600) && second < .seconds(605))
        #expect(try await bench.states() == [.done: 2, .unknown: 1])
    }

    @Test func `the id of another job leaves the job unknown`() async throws {
        let bench = try Bench(Self.script { $0.submit = { _ in .accepted(RemoteJobID("job-same")) } })
        try bench.takeIn(jobs: 2)
        #expect(try await bench.run(.with(concurrency: 1)).exit == .unknownLeft)
        #expect(try await bench.states() == [.done: 1, .unknown: 1])
    }

    // MARK: Looks

    @Test func `after FAILED comes a new attempt with a new key, until there are no more`() async throws {
        let bench = try Bench(Self.script { $0.look = { _ in .success(.failed("out of memory")) } })
        try bench.takeIn(jobs: 1, retry: .init(attempts: 3))
        let outcome = try await bench.run(.with { $0.prices = ["model-a": Money(micros: 100)] })
        #expect(outcome.exit == .someFailed)
        #expect(Set(bench.service.submissions.map(\.idempotencyKey)).count == 3)
        #expect(
            bench.events.steps == [
                "started", "submitted", "waiting", "submitted", "waiting", "submitted", "failed remote_failed",
            ])
        let times = bench.service.submissions.map(\.time)
        #expect(times[1] - times[0] >= .seconds(1) && times[2] - times[1] >= .seconds(2))
        #expect(try await bench.store.jobs().first?.error?.message == "out of memory")
        #expect(try await bench.spent() == .zero)
    }

    @Test func `a job that takes too long is given up, and its slot is free`() async throws {
        let bench = try Bench(Self.script { $0.look = { $0.id.rawValue == "job-1" ? .success(.processing) : nil } })
        try bench.takeIn(jobs: 2, retry: .init(jobTimeout: .seconds(300)))
        #expect(try await bench.run(.with(concurrency: 1)).exit == .someFailed)
        #expect(bench.events.count("failed timeout") == 1)
        #expect(try await bench.states() == [.done: 1, .failed: 1])
        #expect(bench.service.submissions.count == 2)
    }

    @Test func `a job whose status cannot be read is given up after its time, and the run ends`() async throws {
        let bench = try Bench(
            Self.script { $0.look = { $0.id.rawValue == "job-1" ? .failure(.unavailable("500")) : nil } })
        try bench.takeIn(jobs: 30, retry: .init(jobTimeout: .seconds(300)))
        #expect(try await bench.run(.with(concurrency: 2)).exit == .someFailed)
        #expect(try await bench.states() == [.done: 29, .failed: 1])
    }

    @Test func `a job that the API does not know, time after time, has vanished`() async throws {
        let bench = try Bench(Self.script { $0.look = { _ in .failure(.notFound) } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .someFailed)
        #expect(bench.events.count("failed vanished") == 1)
        #expect(bench.service.looks.count >= 4)
        // A job that was just accepted may not be everywhere yet.
        #expect(bench.clock.now >= .seconds(60))
        #expect(bench.service.submissions.count == 1)
    }

    @Test func `404 now and then does not lose a job`() async throws {
        let bench = try Bench(
            Self.script {
                $0.duration = .seconds(600)
                $0.look = { $0.number % 2 == 0 ? .failure(.notFound) : nil }
            })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
        #expect(bench.service.looks.count > 10)
    }

    @Test func `a status never heard of is taken for running, and said once`() async throws {
        let bench = try Bench(
            Self.script { $0.look = { $0.number < 4 ? .success(.unheardOf("WARMING")) : nil } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
        #expect(bench.events.gateReasons.compactMap(\.self).count { $0.contains("WARMING") } == 1)
    }

    @Test func `COMPLETED without an address is asked again`() async throws {
        let bench = try Bench(Self.script { $0.look = { $0.number < 3 ? .success(.completed(nil)) : nil } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
    }

    @Test func `without a list every job is asked for by itself`() async throws {
        let bench = try Bench(Self.script { $0.list = { _, _ in .failure(.notFound) } })
        try bench.takeIn(jobs: 20)
        #expect(try await bench.run(.with(concurrency: 20)).exit == .success)
    }
}
