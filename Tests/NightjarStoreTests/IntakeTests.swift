import GRDB
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

@Suite(.timeLimit(.minutes(5)))
struct IntakeTests {
    private static func jobs(_ prompts: String...) -> [PlannedJob] { prompts.map { PlannedJob.sample($0) } }

    @Test(arguments: StoreKind.allCases) func `new jobs are added in order, from index 0`(kind: StoreKind) async throws
    {
        let opened = try Opened(kind)
        let intake = try opened.takeIn(Self.jobs("a", "b", "c"))
        #expect(intake.total == 3 && intake.added == 3 && intake.kept == 0)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.request.prompt) == ["a", "b", "c"])
        #expect(jobs.map(\.index) == [0, 1, 2])
        #expect(jobs.allSatisfy { $0.state == .pending && $0.request.seed != nil })
    }

    @Test(arguments: StoreKind.allCases)
    func `an edit adds, keeps and removes, and indices are only ever added`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        try opened.takeIn(Self.jobs("a", "b", "c"))
        let edited = try opened.takeIn(Self.jobs("d", "c", "a"))
        #expect(edited.added == 1 && edited.kept == 2 && edited.removed == 1 && edited.total == 3)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.request.prompt) == ["a", "b", "c", "d"])
        #expect(jobs.map(\.index) == [0, 1, 2, 3])
        #expect(jobs.map(\.state) == [.pending, .cancelled, .pending, .pending])
        let returned = try opened.takeIn(Self.jobs("b"))
        #expect(returned.returned == 1 && returned.added == 0 && returned.removed == 3)
        #expect(try await opened.store.jobs().map(\.state) == [.cancelled, .pending, .cancelled, .cancelled])
    }

    @Test(arguments: StoreKind.allCases) func `what has been submitted is not set aside`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn(Self.jobs("a", "b", "c")).batch
        try await opened.claim(batch, then: [.submitted(RemoteJobID("j"), attempt: 1)])
        try await opened.claim(batch, then: [.pending(attempt: 0)])
        #expect(try opened.takeIn(Self.jobs("c")).removed == 2)
        // The second was turned away: nobody has it, nothing was paid.
        #expect(try await opened.store.jobs().map(\.state) == [.submitted, .cancelled, .pending])
    }

    @Test(arguments: StoreKind.allCases)
    func `a failed job that is no longer named is not asked for, and comes back as it was`(kind: StoreKind) async throws
    {
        let opened = try Opened(kind)
        let batch = try opened.takeIn(Self.jobs("a", "b")).batch
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "no"))])
        #expect(try opened.takeIn(Self.jobs("b")).removed == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.cancelled, .pending])
        #expect(try opened.takeIn(Self.jobs("b", "c")).removed == 0)
        #expect(try opened.takeIn(Self.jobs("a", "b", "c")).returned == 1)
        #expect(try await opened.store.jobs().map(\.state) == [.failed, .pending, .pending])
    }

    @Test(arguments: StoreKind.allCases)
    func `what fails at the API after it was set aside is neither tried again nor asked for`(kind: StoreKind)
        async throws
    {
        let opened = try Opened(kind)
        let batch = try opened.takeIn(Self.jobs("a", "b")).batch
        let job = try await opened.claim(batch, then: [.submitted(RemoteJobID("j"), attempt: 1)])
        try opened.takeIn(Self.jobs("b"))
        let running = try await opened.store.recover(now: Opened.now).running
        #expect(running.map(\.isRemoved) == [true])
        _ = try await opened.store.record(
            JobChange(
                job: job.id, batch: batch, from: .submitted, to: .failed(FailureCause(.remoteFailed, "oom")),
                at: Opened.now))
        #expect(try await opened.store.retryFailed([batch], now: Opened.now) == 0)
        try opened.takeIn(Self.jobs("b", "c"))
        #expect(try await opened.store.jobs().map(\.state) == [.cancelled, .pending, .pending])
    }

    @Test(arguments: StoreKind.allCases)
    func `a corrected request takes the place of a rejected one`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        let batch = try opened.takeIn([.sample("a", label: "one"), .sample("b", label: "two")]).batch
        try await opened.claim(batch, then: [.failed(FailureCause(.rejected, "no such model"))])
        try await opened.claim(
            batch, then: [.submitted(RemoteJobID("j"), attempt: 1), .failed(FailureCause(.timeout, "slow"))])
        let edited = try opened.takeIn([.sample("a2", label: "one"), .sample("b2", label: "two")])
        // The second may have been paid for, so it is kept.
        #expect(edited.changed == 1)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.request.prompt) == ["a2", "b"])
        #expect(jobs.map(\.state) == [.pending, .failed])
        #expect(jobs[0].error == nil)
    }

    @Test func `equal prompts are jobs of their own, with keys by their ordinal`() async throws {
        let opened = try Opened(.memory)
        try opened.takeIn(Self.jobs("a", "b", "a", "a", "a"))
        let jobs = try await opened.store.jobs()
        #expect(Set(jobs.map(\.key)).count == 5)
        let identity = PlannedJob.sample("a").identity
        #expect(jobs.filter { $0.request.prompt == "a" }.map(\.key) == (0..<4).map(identity.key(ordinal:)))
        #expect(try opened.takeIn(Self.jobs("a", "a")).removed == 3)
    }

    @Test func `the order of prompts changes no key, index or seed`() async throws {
        let opened = try Opened(.memory)
        var random = SeededGenerator()
        let prompts = (0..<300).map { "prompt \($0 % 200)" }
        try opened.takeIn(prompts.map { PlannedJob.sample($0) })
        let before = try await opened.store.jobs()
        try opened.takeIn(prompts.shuffled(using: &random).map { PlannedJob.sample($0) })
        #expect(try await opened.store.jobs() == before, "\(random)")
        let fresh = try Opened(.memory)
        try fresh.takeIn(prompts.shuffled(using: &random).map { PlannedJob.sample($0) })
        let seeds = Dictionary(uniqueKeysWithValues: before.map { ($0.key, $0.request.seed) })
        #expect(try await fresh.store.jobs().allSatisfy { seeds[$0.key] == $0.request.seed }, "\(random)")
    }

    @Test func `a changed request is taken before it is paid for, and kept after`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a", label: "one"), .sample("b", label: "two")]).batch
        try await opened.claim(batch, then: [.submitted(RemoteJobID("j"), attempt: 1)])
        let edited = try opened.takeIn([
            .sample("a2", label: "one"), .sample("b2", label: "two", variables: #"{"x":"y"}"#),
        ])
        #expect(edited.changed == 1 && edited.added == 0)
        let jobs = try await opened.store.jobs()
        #expect(jobs.map(\.request.prompt) == ["a", "b2"])
        #expect(jobs[1].variables == #"{"x":"y"}"#)
    }

    @Test func `what describes a job follows the manifest, but for the variables that its file was named by`()
        async throws
    {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a"), .sample("b", label: "b")]).batch
        let file = OutputFile(path: "a.png", sha256: "00", bytes: 3, width: 2, height: 1)
        try await opened.claim(batch, then: [.submitted(RemoteJobID("j"), attempt: 1), .done(file)])
        try await opened.store.setMetadataRecord(MetadataRecord(hashes: ["x"], images: 1), of: batch)
        let edited = try opened.takeIn([
            .sample("a", meta: #"{"m":1}"#, variables: #"{"x":"y"}"#), .sample("b", label: "b"),
        ])
        #expect(edited.kept == 2 && edited.changed == 0)
        let jobs = try await opened.store.jobs()
        #expect(jobs[0].variables == nil && jobs[0].meta == #"{"m":1}"# && jobs[0].state == .done)
        try opened.takeIn([.sample("c")], digest: "c")
        try opened.takeIn([.sample("c", variables: #"{"x":"y"}"#)], digest: "c2")
        #expect(try await opened.store.jobs().last?.variables == #"{"x":"y"}"#)
        #expect(try await opened.store.metadataRecord(of: batch) == MetadataRecord(hashes: ["x"], images: nil))
    }

    @Test func `seeds are unique in a batch after every edit`() async throws {
        let opened = try Opened(.memory)
        let taken = try #require(PlannedJob.sample("x", label: "b").identity.key(ordinal: 0) as JobKey?)
        let first = taken.derivedSeed(draw: 0)
        // `a` is given the seed that `b` would draw; then `b` asks for a seed of its own again.
        try opened.takeIn([.sample("a", label: "a"), .sample("b", label: "b", seed: .server)])
        try opened.takeIn([.sample("a", label: "a", seed: .manifest(first)), .sample("b", label: "b")])
        let seeds = try await opened.store.jobs().map(\.request.seed)
        #expect(seeds[0] == first)
        #expect(seeds[1] != nil && seeds[1] != first)
    }

    @Test func `the same digest is left alone, and not even expanded`() throws {
        let opened = try Opened(.memory)
        try opened.takeIn(Self.jobs("a", "b"), digest: "d")
        let again = try opened.store.takeIn(BatchSettings(name: "spring"), digest: "d", changed: .keep, now: Opened.now)
        { _ in
            Issue.record("expanded")
        }
        #expect(again.total == 2 && again.kept == 2 && again.added == 0)
    }

    @Test(arguments: StoreKind.allCases) func `an expansion that fails leaves nothing`(kind: StoreKind) async throws {
        struct Broken: Error {}
        let opened = try Opened(kind)
        #expect(throws: Broken.self) {
            try opened.store.takeIn(BatchSettings(name: "spring"), digest: "d", changed: .keep, now: Opened.now) {
                add in
                for number in 0..<5000 { try add(.sample("p \(number)")) }
                throw Broken()
            }
        }
        #expect(try await opened.store.batches().isEmpty)
        #expect(try await opened.store.jobs().isEmpty)
    }

    @Test func `a hundred thousand prompts are taken in whole, seeds and keys unique`() async throws {
        let opened = try Opened(.file)
        let intake = try opened.store.takeIn(BatchSettings(name: "big"), digest: "d", changed: .keep, now: Opened.now) {
            add in
            for number in 0..<100_000 { try add(.sample("prompt \(number)")) }
        }
        #expect(intake.added == 100_000)
        #expect(try await opened.store.batches().first?.counts == [.pending: 100_000])
        let distinct = try await opened.store.read { db in
            try Int.fetchAll(
                db, sql: "SELECT count(DISTINCT seed) FROM jobs UNION ALL SELECT count(DISTINCT key) FROM jobs")
        }
        #expect(distinct == [100_000, 100_000] || distinct == [100_000])
    }
}
