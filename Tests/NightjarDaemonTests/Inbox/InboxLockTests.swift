import Foundation
import NightjarCore
import NightjarDaemon
import NightjarFiles
import NightjarStore
import NightjarTestSupport
import Testing

/// One folder, and several that would watch it.
@Suite(.timeLimit(.minutes(5))) struct InboxLockTests {
    private static let words = "is watched by another process"

    private func told(_ bench: InboxBench) -> [String] { bench.log.value.filter { $0.contains(Self.words) } }

    @Test func `another state leaves the inbox alone until it is free`() async throws {
        let bench = try InboxBench()
        let folder = try TemporaryFolder()
        let other = try InboxBench(folder)
        // Of a process that was killed, and whose state this one does not know.
        try bench.folder.write(InboxBench.manifest("winter"), to: "inbox/.accepted/w.yaml")
        try await bench.run { _ in
            try await bench.until("it is taken") { try await bench.jobs("winter") == 1 }
            let second = other.inbox(InboxSettings(path: bench.path("inbox"), output: other.path("output")))
            let running = Task { await second.run() }
            try await other.until("it is told") { !told(other).isEmpty }
            try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
            try await bench.until("the first takes it") { try await bench.store.openDrops().count == 2 }
            // The other looks again and again, and says nothing more.
            for _ in 0..<3 {
                _ = await other.clock.nextSleeper()
                other.clock.advance(by: .seconds(31))
            }
            _ = await other.clock.nextSleeper()
            running.cancel()
            await running.value
            await second.finish()
        }
        #expect(told(other).count == 1)
        #expect(told(other).first?.hasPrefix("error ") == true)
        #expect(told(other).first?.contains("process \(getpid())") == true)
        #expect(try await other.store.batches().isEmpty)
        #expect(bench.tree == [".accepted/a.yaml", ".accepted/w.yaml"])
    }

    @Test func `it is watched as soon as the other process has ended`() async throws {
        let bench = try InboxBench()
        try bench.folder.write("", to: "inbox/.accepted/.keep")
        try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
        let lock = try FileLock(path: bench.path("inbox/.accepted/.lock"))
        let running = Task { await bench.inbox().run() }
        try await bench.until("it is told") { !told(bench).isEmpty }
        // Nothing is made in it meanwhile.
        #expect(bench.tree == [".accepted/.keep", "a.yaml"] && !bench.exists("inbox/done"))
        lock.release()
        try await bench.until("it is taken") {
            bench.clock.advance(by: .seconds(31))
            return bench.exists("inbox/.accepted/a.yaml")
        }
        #expect(bench.log.value.contains { $0.contains("the inbox can be used again") })
        #expect(throws: FileLockError.held(by: getpid())) {
            _ = try FileLock(path: bench.path("inbox/.accepted/.lock"))
        }
        running.cancel()
        await running.value
        _ = try FileLock(path: bench.path("inbox/.accepted/.lock"))
    }

    @Test func `a folder that returns is locked anew`() async throws {
        let bench = try InboxBench()
        try await bench.run { _ in
            try bench.rename(bench.path("inbox"), bench.path("away"))
            try FileManager.default.createDirectory(atPath: bench.path("inbox"), withIntermediateDirectories: true)
            try await bench.until("the new one is locked") {
                bench.clock.advance(by: .seconds(31))
                return bench.exists("inbox/failed")
            }
            #expect(throws: FileLockError.held(by: getpid())) {
                _ = try FileLock(path: bench.path("inbox/.accepted/.lock"))
            }
            _ = try FileLock(path: bench.path("away/.accepted/.lock"))
        }
    }

    @Test func `an inbox that cannot be locked is not used, and why is told`() async throws {
        let bench = try InboxBench()
        try bench.folder.write("", to: "inbox/.accepted/.lock/x")
        try bench.put(InboxBench.manifest("spring"), in: "inbox/a.yaml")
        let running = Task { await bench.inbox().run() }
        let place = bench.path("inbox/.accepted/.lock")
        try await bench.until("it is told") {
            bench.log.value.contains { $0.contains("cannot open the lock `\(place)`: is a directory") }
        }
        running.cancel()
        await running.value
        #expect(bench.exists("inbox/a.yaml"))
    }

    @Test func `capital letters in an ending are told once`() async throws {
        let bench = try InboxBench()
        // One that is there before, and one that comes.
        try bench.folder.write(InboxBench.manifest("spring"), to: "inbox/CAPS.YAML")
        try await bench.run { _ in
            try bench.put(InboxBench.manifest("summer"), in: "inbox/b.Yml")
            for name in [".c.YAML", "d.YAML.part", "e.txt"] { try bench.put("x", in: "inbox/\(name)") }
            try await bench.settled()
            for _ in 0..<2 { try await bench.pass(.seconds(31)) }
        }
        let told = bench.log.value.filter { $0.contains("in lower case") }
        #expect(told.count == 2 && told.allSatisfy { $0.hasPrefix("warning ") }, "\(bench.log.value)")
        #expect(bench.tree == [".c.YAML", "CAPS.YAML", "b.Yml", "d.YAML.part", "e.txt"])
        #expect(try await bench.store.batches().isEmpty)
    }
}
