import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// A run that waits until a person has put the account right: the queue stays, probes are few, and it goes on by itself.
@Suite(.timeLimit(.minutes(5)))
struct AccountTroubleTests {
    /// Seconds of the trouble; probes come 15 minutes apart at most.
    private static let from: Duration = .seconds(25)
    private static let to: Duration = .seconds(7200)

    private static func isTroubled(_ time: Duration) -> Bool { from <= time && time < to }

    private static func waiting(concurrency: Int = 4) -> RunSettings {
        .with(concurrency: concurrency) { $0.isService = true }
    }

    /// From the first trouble on, with what was out at that time.
    private static func during(_ times: [Duration]) -> [Duration] {
        times.filter { from + .seconds(1) < $0 && $0 < to }
    }

    @Test(arguments: [AccountTrouble.Kind.paymentRequired, .forbidden])
    func `after a refused submission what runs comes home, and after the top-up all else`(
        kind: AccountTrouble.Kind
    ) async throws {
        var script = ScriptedService.Script()
        script.submit = { Self.isTroubled($0.time) ? .refused(AccountTrouble(kind, "not today")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 40)
        let seen = Locked<[JobState: Int]>([:])
        let outcome = try await bench.run(Self.waiting()) { _ in
            try await bench.clock.sleep(until: Self.to - .seconds(1))
            let states = try await bench.states()
            seen.withLock { $0 = states }
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 40])
        let states = seen.value
        #expect(states.keys.allSatisfy { $0 == .done || $0 == .pending }, "\(states)")
        #expect(states[.done, default: 0] >= 8, "\(states)")
        let probes = Self.during(bench.service.submissions.map(\.time))
        #expect((4...20).contains(probes.count), "\(probes)")
        // Less and less often.
        for (earlier, later) in zip(probes.suffix(3), probes.suffix(2)) { #expect(later - earlier > .seconds(600)) }
        // Nobody has a second image, and no attempt was used up.
        #expect(bench.service.acceptedIDs.count == 40)
        #expect(bench.service.submissions.first.map { $0.time < Self.from } == true)
        #expect(bench.events.count("failed") == 0)
        #expect(bench.events.gateReasons.contains { $0?.contains("not today") == true })
        #expect(bench.events.gateReasons.last == .some(nil))
    }

    @Test func `after a refused key nothing but probes is sent, and the key is read anew for each`() async throws {
        let service = Locked<ScriptedService?>(nil)
        let read = Locked<[(time: Duration, count: Int)]>([])
        var script = ScriptedService.Script()
        let trouble = AccountTrouble(.keyRefused, "bad key")
        script.submit = { submission in
            guard Self.isTroubled(submission.time) else { return nil }
            read.withLock { $0.append((submission.time, service.value?.keysRead ?? -1)) }
            return .refused(trouble)
        }
        script.look = { look in
            guard Self.isTroubled(look.time) else { return nil }
            read.withLock { $0.append((look.time, service.value?.keysRead ?? -1)) }
            return .failure(.refused(trouble))
        }
        script.list = { _, time in
            guard Self.isTroubled(time) else { return nil }
            read.withLock { $0.append((time, service.value?.keysRead ?? -1)) }
            return .failure(.refused(trouble))
        }
        let bench = try Bench(script)
        service.withLock { $0 = bench.service }
        try bench.takeIn(jobs: 40)
        let outcome = try await bench.run(Self.waiting())
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 40])
        let probes = Self.during(bench.service.requestTimes)
        #expect((4...20).contains(probes.count), "\(probes)")
        // Each probe goes with a key that was read after the one before.
        let counts = read.value.filter { $0.time > Self.from + .seconds(8) }.map(\.count)
        #expect(counts.count >= 4)
        for (earlier, later) in zip(counts, counts.dropFirst()) { #expect(later > earlier, "\(read.value)") }
        #expect(bench.service.acceptedIDs.count == 40)
    }

    @Test(arguments: [AccountTrouble.Kind.keyRefused, .forbidden])
    func `a key that is refused when nothing is left to submit is read anew, too`(
        kind: AccountTrouble.Kind
    ) async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(100)
        script.look = { Self.isTroubled($0.time) ? .failure(.refused(AccountTrouble(kind, "no"))) : nil }
        script.list = { _, time in Self.isTroubled(time) ? .failure(.refused(AccountTrouble(kind, "no"))) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 6, retry: .init(jobTimeout: .seconds(100_000)))
        let outcome = try await bench.run(Self.waiting(concurrency: 8))
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 6])
        let probes = Self.during(bench.service.requestTimes)
        #expect((4...20).contains(probes.count), "\(probes)")
        #expect(bench.service.keysRead >= probes.count)
        #expect(bench.service.submissions.count == 6)
    }

    @Test func `a signal ends the waiting, and the queue stays`() async throws {
        var script = ScriptedService.Script()
        script.submit = { _ in .refused(AccountTrouble(.paymentRequired, "top up")) }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 10)
        let outcome = try await bench.run(Self.waiting()) { runner in
            try await bench.clock.sleep(until: .seconds(3000))
            runner.stop(.terminated)
        }
        #expect(outcome.exit == .terminated, "\(outcome)")
        #expect(bench.clock.now < .seconds(3010))
        #expect(try await bench.states() == [.pending: 10])
    }

    @Test func `without the setting each of them ends the run, and what runs comes home as far as it may`() async throws
    {
        let cases: [(AccountTrouble.Kind, ExitCode)] = [
            (.keyRefused, .keyRefused), (.paymentRequired, .accountBlocked), (.forbidden, .keyRefused),
        ]
        for (kind, exit) in cases {
            var script = ScriptedService.Script()
            script.submit = { Self.isTroubled($0.time) ? .refused(AccountTrouble(kind, "no")) : nil }
            let bench = try Bench(script)
            try bench.takeIn(jobs: 40)
            let outcome = try await bench.run(.with(concurrency: 4))
            #expect(outcome.exit == exit)
            let states = try await bench.states()
            #expect(kind == .keyRefused || states[.submitted] == nil, "\(states)")
            #expect(states.values.reduce(0, +) == 40 && states[.failed] == nil)
        }
    }
}
