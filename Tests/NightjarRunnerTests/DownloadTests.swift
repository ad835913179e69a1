import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// From COMPLETED to a file.
@Suite(.timeLimit(.minutes(5)))
struct DownloadTests {
    private static func script(_ change: (inout ScriptedService.Script) -> Void) -> ScriptedService.Script {
        var script = ScriptedService.Script()
        change(&script)
        return script
    }

    @Test func `a transfer that breaks is tried again`() async throws {
        let bench = try Bench(Self.script { $0.download = { $0.number <= 3 ? .transient("cut off") : nil } })
        try bench.takeIn(jobs: 2)
        #expect(try await bench.run().exit == .success)
        #expect(bench.tree.open == 0)
    }

    @Test func `an address that has expired is asked for anew`() async throws {
        let bench = try Bench(
            Self.script {
                $0.look = {
                    guard let age = $0.age, age >= .seconds(10) else { return nil }
                    return .success(.completed(RemoteResult(url: "https://images.example/v\($0.number)")))
                }
                $0.download = { fetch in fetch.time < .seconds(15) ? .gone("403") : nil }
            })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
        #expect(Set(bench.service.fetches.map(\.url)).count > 1)
    }

    @Test func `404 now and then does not lose a job whose address has expired`() async throws {
        let bench = try Bench(
            Self.script {
                $0.look = { look in
                    guard let age = look.age, age >= .seconds(10) else { return nil }
                    if look.number % 2 == 0 { return .failure(.notFound) }
                    return .success(.completed(RemoteResult(url: "https://images.example/v\(look.number)")))
                }
                $0.download = { $0.time < .seconds(60) ? .gone("403") : nil }
            })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .success)
    }

    @Test func `a completed job that the API does not know, time after time, has failed`() async throws {
        let bench = try Bench(
            Self.script {
                $0.look = { $0.age.map { $0 > .seconds(20) } ?? true ? .failure(.notFound) : nil }
                $0.download = { _ in .gone("403") }
            })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .someFailed)
        #expect(bench.events.count("failed download") == 1)
        #expect(try await bench.store.jobs().first?.error?.message.contains("no longer knows") == true)
        #expect(bench.clock.now >= .seconds(80))
    }

    @Test(arguments: [true, false], [10, 2000])
    func `a result that cannot be had of an API that answers else has failed, and the run ends`(
        hasList: Bool, othersRunFor: Int
    ) async throws {
        let bench = try Bench(
            Self.script {
                $0.look = { look in
                    switch look.id.rawValue {
                    case "job-1" where look.time > .seconds(15): .failure(.unavailable("500"))
                    // Answered again and again, for longer than the tries take.
                    case "job-2" where look.time < .seconds(othersRunFor): .success(.processing)
                    default: nil
                    }
                }
                $0.list = { _, _ in hasList ? nil : .failure(.notFound) }
                $0.download = { $0.url.hasSuffix("job-1") ? .gone("403") : nil }
            })
        try bench.takeIn(jobs: 3)
        // The limit ends a run that would go on for ever.
        let outcome = try await bench.run(.with { $0.maxDuration = .seconds(3600) })
        #expect(outcome.exit == .someFailed)
        #expect(try await bench.states() == [.done: 2, .failed: 1])
        #expect(bench.events.count("failed download") == 1)
        #expect(bench.service.fetches.count { $0.url.hasSuffix("job-1") } == 10)
    }

    @Test func `while the API answers nothing, a result is tried ever more seldom`() async throws {
        let bench = try Bench(
            Self.script {
                $0.look = { $0.time > .seconds(15) ? .failure(.unavailable("down")) : nil }
                $0.list = { $1 > .seconds(15) ? .failure(.unavailable("down")) : nil }
                $0.download = { _ in .transient("down") }
            })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .apiUnavailable)
        #expect(try await bench.states() == [.ready: 1])
        let times = bench.service.fetches.map(\.time)
        let pauses = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(pauses.suffix(3).allSatisfy { $0 >= .seconds(30) })
    }

    @Test func `what cannot be fetched in the end has failed, and is not submitted again`() async throws {
        let bench = try Bench(Self.script { $0.download = { _ in .transient("503") } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .someFailed)
        #expect(bench.events.count("failed download") == 1)
        #expect(bench.service.fetches.count == 10)
        #expect(bench.service.submissions.count == 1)
    }

    @Test(arguments: [
        (DownloadFailure.unfetchable("65 MiB"), "failed download"), (.blocked("10.0.0.1"), "failed blocked_url"),
    ]) func `what may not be fetched has failed at once`(failure: DownloadFailure, step: String) async throws {
        let bench = try Bench(Self.script { $0.download = { _ in failure } })
        try bench.takeIn(jobs: 1)
        #expect(try await bench.run().exit == .someFailed)
        #expect(bench.events.steps.last == step)
        #expect(bench.service.fetches.count == 1)
    }

    @Test func `no image is fetched again, one of the wrong size is not`() async throws {
        let damaged = try Bench(tree: ScriptedTree(finish: { $0.number < 3 ? .notAnImage("cut") : nil }))
        try damaged.takeIn(jobs: 1)
        #expect(try await damaged.run().exit == .success)
        let small = try Bench(tree: ScriptedTree(finish: { _ in .wrongSize("512 × 512") }))
        try small.takeIn(jobs: 1)
        #expect(try await small.run().exit == .someFailed)
        #expect(small.events.steps.last == "failed wrong_size")
        #expect(small.service.fetches.count == 1)
    }

    @Test func `an output that cannot be written stops the run, and the job stays ready`() async throws {
        let bench = try Bench(tree: ScriptedTree(finish: { _ in .unwritable("disk full") }))
        try bench.takeIn(jobs: 10)
        let outcome = try await bench.run(.with(concurrency: 2))
        #expect(outcome.exit == .cannotWrite)
        #expect(outcome.reason == "disk full")
        let states = try await bench.states()
        #expect(states[.ready] == bench.service.submissions.count)
        #expect(states[.failed] == nil)
        #expect(bench.tree.open == 0)
        let second = try Bench(Self.script { $0.ids = "second" }, after: bench)
        #expect(try await second.run().exit == .success)
        #expect(second.service.submissions.count == 10 - bench.service.submissions.count)
    }

    @Test func `an output that is unwritable from the start costs nothing`() async throws {
        let bench = try Bench(tree: ScriptedTree(check: { .unwritable("read-only") }))
        try bench.takeIn(jobs: 3)
        #expect(try await bench.run().exit == .cannotWrite)
        #expect(bench.service.requestTimes.isEmpty)
    }

    @Test func `an outage between COMPLETED and the file costs no image`() async throws {
        let outage = Duration.seconds(12)..<Duration.seconds(400)
        let bench = try Bench(
            Self.script {
                $0.submit = { outage.contains($0.time) ? .notSent("down") : nil }
                $0.look = { outage.contains($0.time) ? .failure(.unavailable("down")) : nil }
                $0.list = { .failure(outage.contains($1) ? .unavailable("down") : .notFound) }
                $0.download = { $0.time < .seconds(400) ? .transient("down") : nil }
            })
        try bench.takeIn(jobs: 12)
        #expect(try await bench.run(.with(concurrency: 6)).exit == .success)
        #expect(bench.events.count("done") == 12)
    }

    @Test func `when the API stays away, what is ready is left to the next run`() async throws {
        let bench = try Bench(
            Self.script {
                $0.look = { $0.time > .seconds(30) ? .failure(.unavailable("down")) : nil }
                $0.list = { $1 > .seconds(30) ? .failure(.unavailable("down")) : nil }
                $0.download = { _ in .transient("down") }
            })
        try bench.takeIn(jobs: 2)
        let outcome = try await bench.run(.with { $0.giveUpAfter = .seconds(60) })
        #expect(outcome.exit == .apiUnavailable)
        #expect(try await bench.states() == [.ready: 2])
    }
}
