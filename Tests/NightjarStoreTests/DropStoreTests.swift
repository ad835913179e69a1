import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

/// What the state keeps of inboxes.
@Suite struct DropStoreTests {
    private static func drop(_ accepted: String, _ batches: [BatchID], digest: String = "d") -> Drop {
        Drop(
            inbox: "/in", accepted: accepted, stem: "stem", batches: batches, digest: digest, takenAt: Opened.now)
    }

    @Test(arguments: StoreKind.allCases) func `a batch is known with its owner and its digest`(kind: StoreKind)
        async throws
    {
        let opened = try Opened(kind)
        #expect(try await opened.store.knownBatch(named: "spring") == nil)
        let id = try opened.takeIn([.sample("a")], digest: "x").batch
        #expect(try await opened.store.knownBatch(named: "spring") == KnownBatch(id: id, origin: nil, digest: "x"))
        var settings = BatchSettings(name: "summer")
        settings.origin = .init(inbox: "/in", output: "/out", weight: 2)
        let other = try opened.store.takeIn(settings, [.sample("a")], digest: "y").batch
        #expect(
            try await opened.store.knownBatch(named: "summer")
                == KnownBatch(id: other, origin: settings.origin, digest: "y"))
    }

    @Test(arguments: StoreKind.allCases) func `a drop is noted once until it has ended`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        let one = try opened.takeIn([.sample("a")], name: "one").batch
        let two = try opened.takeIn([.sample("a")], name: "two").batch
        let first = try await opened.store.note(Self.drop("a.yaml", [one, two]))
        #expect(first.id > 0 && first.batches == [one, two])
        var again = Self.drop("a.yaml", [two])
        again.stem = "other"
        #expect(try await opened.store.note(again) == first)
        #expect(try await opened.store.openDrops() == [first])
        #expect(try await opened.store.drops(ofBatch: two) == [first])
        try await opened.store.decideEnd(ofDrop: first.id, as: "a-2")
        try await opened.store.endDrop(first.id, at: Opened.now)
        try await opened.store.endDrop(first.id, at: Opened.now + .seconds(1))
        var ended = first
        ended.endsAs = "a-2"
        ended.endedAt = Opened.now
        #expect(try await opened.store.openDrops().isEmpty)
        let next = try await opened.store.note(again)
        #expect(next.id != first.id)
        #expect(try await opened.store.drops(ofBatch: two) == [ended, next])
        #expect(try await opened.store.drops(ofBatch: one) == [ended])
    }

    @Test func `the original is the first of those that brought what the batch is now`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("a")]).batch
        #expect(try await opened.store.original(ofBatch: batch, digest: "x") == nil)
        var drops: [Drop] = []
        for (place, digest) in ["x", "y", "x", "x"].enumerated() {
            drops.append(try await opened.store.note(Self.drop("\(place).yaml", [batch], digest: digest)))
        }
        #expect(try await opened.store.original(ofBatch: batch, digest: "x") == drops[2])
        #expect(try await opened.store.original(ofBatch: batch, digest: "y") == nil)
        #expect(try await opened.store.original(ofBatch: BatchID(99), digest: "x") == nil)
    }

    @Test(arguments: StoreKind.allCases) func `one batch is told as among all`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        try opened.takeIn([.sample("a")], name: "one")
        let batch = try opened.takeIn([.sample("a"), .sample("b"), .sample("c")], name: "two").batch
        try await opened.lose(batch)
        for cause in ["first", "second"] {
            let job = try await opened.claim(batch)
            _ = try await opened.record(
                job.id, batch, from: .submitting, to: .failed(FailureCause(.rejected, cause)))
        }
        #expect(try await opened.store.batch(batch) == opened.store.batches()[1])
        #expect(try await opened.store.batch(BatchID(99)) == nil)
        #expect(try await opened.store.failures(of: batch, limit: 9).map { $0.error?.message } == ["first", "second"])
        #expect(try await opened.store.failures(of: batch, limit: 1).map(\.index) == [1])
    }

    @Test(arguments: StoreKind.allCases) func `an intake is tried without one`(kind: StoreKind) async throws {
        let opened = try Opened(kind)
        let settings = BatchSettings(name: "spring", pathTemplate: "same.${ext}")
        func check(_ jobs: [PlannedJob]) throws {
            try opened.store.checkIntake(settings, digest: "d", changed: .keep, now: Opened.now) { add in
                for job in jobs { try add(job) }
            }
        }
        try check([.sample("a")])
        #expect(throws: IntakeConflicts.self) { try check([.sample("a"), .sample("b")]) }
        #expect(try await opened.store.batches().isEmpty)
    }
}
