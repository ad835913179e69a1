import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// Images that were paid for besides the jobs' own.
@Suite(.timeLimit(.minutes(5)))
struct DuplicateTests {
    /// A run of a batch that is done, whose first job has been paid for besides under these ids.
    private static func bench(
        _ ids: [String] = ["double"], tree: ScriptedTree = ScriptedTree(), after earlier: Bench? = nil,
        _ change: (inout ScriptedService.Script) -> Void = { _ in }
    ) async throws -> Bench {
        var script = ScriptedService.Script()
        change(&script)
        let bench = try Bench(script, tree: tree, after: earlier)
        guard earlier == nil else { return bench }
        let batch = try bench.takeIn(jobs: 1)
        let job = try #require(try await bench.store.claim(1, of: batch, now: bench.clock.wall).first)
        let id = RemoteJobID("job-77")
        let file = OutputFile(path: "spring/0.png", sha256: "00", bytes: 1, width: 1, height: 1)
        var from = JobState.submitting
        for state in [
            JobLifecycle.State.submitted(id, attempt: 1), .ready(id, ScriptedService.result(of: id), attempt: 1),
            .done(file),
        ] {
            let change = JobChange(job: job.id, batch: batch, from: from, to: state, at: bench.clock.wall)
            #expect(try await bench.store.record(change) == .recorded)
            from = state.name
        }
        for id in ids {
            let isNew = try await bench.store.noteDuplicate(
                RemoteJobID(id), of: job.id, price: .zero, now: bench.clock.wall)
            #expect(isNew)
        }
        return bench
    }

    private static func kept(_ bench: Bench) async throws -> [Duplicate] {
        let batch = try #require(try await bench.store.batches().first)
        return try await bench.store.duplicates(of: batch.id)
    }

    private static func leavesOpen(_ bench: Bench) async throws -> Bool {
        #expect(try await bench.run().exit == .success)
        return try await bench.store.duplicatesToFetch().count == 1
    }

    @Test func `duplicates of one job are fetched one after the other`() async throws {
        let bench = try await Self.bench(["a", "b", "c"])
        #expect(try await bench.run().exit == .success)
        #expect(Set(bench.tree.files.values) == Set(["a", "b", "c"].map { "https://images.example/\($0)" }))
        #expect(bench.service.mostFetching == 1)
        #expect(try await Self.kept(bench).allSatisfy { $0.isEnded && $0.path != nil })
    }

    @Test(arguments: [DownloadFailure.transient("503"), .gone("403")])
    func `one whose host is away is left to the next run after about a minute`(failure: DownloadFailure) async throws {
        let first = try await Self.bench { $0.download = { _ in failure } }
        #expect(try await Self.leavesOpen(first))
        #expect(first.service.fetches.count > 5)
        #expect(first.clock.now > .seconds(30) && first.clock.now < .seconds(90))
        let second = try await Self.bench(after: first)
        #expect(try await Self.leavesOpen(second) == false)
        #expect(second.tree.files.count == 1)
    }

    @Test func `an API that fails, or does not say done yet, is asked again, and the rest left to the next run`()
        async throws
    {
        let soon = try await Self.bench {
            $0.look = { [1: .failure(.unavailable("500")), 2: .success(.processing)][$0.number] }
        }
        #expect(try await Self.leavesOpen(soon) == false)
        #expect(soon.tree.files.count == 1)
        let never = try await Self.bench { $0.look = { _ in .success(.processing) } }
        #expect(try await Self.leavesOpen(never))
        #expect(never.clock.now < .seconds(90))
    }

    @Test func `one that the API does not know, time after time, cannot be had; 404 now and then says nothing`()
        async throws
    {
        let gone = try await Self.bench { $0.look = { _ in .failure(.notFound) } }
        #expect(try await Self.leavesOpen(gone) == false)
        #expect(try await Self.kept(gone).first?.path == nil)
        #expect(gone.clock.now >= .seconds(60) && gone.clock.now < .seconds(90))
        let lagging = try await Self.bench { $0.look = { $0.number < 4 ? .failure(.notFound) : nil } }
        #expect(try await Self.leavesOpen(lagging) == false)
        #expect(try await Self.kept(lagging).first?.path != nil)
    }

    @Test func `one that FAILED cannot be had, and is asked for once`() async throws {
        let bench = try await Self.bench { $0.look = { _ in .success(.failed("out of memory")) } }
        #expect(try await Self.leavesOpen(bench) == false)
        #expect(try await Self.kept(bench).first?.note == "the API says FAILED: out of memory")
        #expect(bench.service.looks.count == 1)
    }

    @Test func `what may not be fetched, or is no image, cannot be had after a few tries`() async throws {
        let blocked = try await Self.bench { $0.download = { _ in .blocked("10.0.0.1") } }
        let broken = try await Self.bench(tree: ScriptedTree(finish: { _ in .notAnImage("cut") }))
        for (bench, note) in [(blocked, "10.0.0.1"), (broken, "cut")] {
            #expect(try await Self.leavesOpen(bench) == false)
            #expect(try await Self.kept(bench).first?.note == note)
            #expect(bench.service.fetches.count == 4)
            #expect(bench.tree.open == 0)
        }
    }
}
