import Foundation
import GRDB
import JobsAPI
import NightjarTestSupport
import ServiceLifecycle
import Synchronization
import Testing

@testable import JobsAPIServer

struct QueueTests {
    private let folder: TemporaryFolder
    private let settings: ServerSettings

    init() throws {
        folder = try TemporaryFolder()
        settings = ServerSettings(stateFile: folder.path("serve/queue.sqlite3"))
    }

    @Test func `a server that was stopped midway goes on where it was`() async throws {
        var slow = settings
        slow.jobTime = .seconds(3600)
        slow.workers = 3
        let ids = try await withServer(slow) { server in
            var ids: [String] = []
            for number in 0..<6 { ids.append(try await server.submit("\(number)")) }
            while try await server.list().jobs.filter({ $0.status == .processing }).count < 3 {
                try await Task.sleep(for: .milliseconds(5))
            }
            return ids
        }
        // With fewer workers, what was PROCESSING beyond them waits again.
        try await withServer(settings) { server in
            #expect(try await server.ledger()["max_unfinished"] as? Int == 6)
            for id in ids {
                let job = try await server.ended(id)
                #expect(job.status == .completed)
                let path = try #require(job.result?.url.dropFirst("http://127.0.0.1:\(server.probe.port)".count))
                #expect(try await server.probe.send("GET", String(path)).status == 200)
            }
            #expect(try await server.ledger()["jobs"] as? Int == 6)
        }
        let images = try FileManager.default.contentsOfDirectory(atPath: folder.path("serve/images"))
        #expect(images.count == 6)
    }

    @Test func `jobs are processed in their order, no more at a time than there are workers`() async throws {
        let watch = Watch()
        let renderer = ScriptedRenderer { job in
            watch.begin(job.prompt)
            await Task.yield()
            watch.end()
            return RenderedImage(bytes: [1], width: 1, height: 1, mediaType: "image/png")
        }
        try await withServer(settings, renderer: renderer) { server in
            var ids: [String] = []
            for number in 0..<20 { ids.append(try await server.submit("\(number)")) }
            for id in ids { _ = try await server.ended(id) }
        }
        let seen = watch.seen.withLock { $0 }
        #expect(seen.most <= 2)
        #expect(seen.order.count == 20)
        // Two workers may begin two jobs the other way around, and no more.
        for (place, prompt) in seen.order.enumerated() { #expect(abs(place - (Int(prompt) ?? -9)) <= 1) }
    }

    /// Sees what a renderer does.
    private final class Watch: Sendable {
        struct State {
            var order: [String] = []
            var now = 0
            var most = 0
        }
        let seen = Mutex(State())

        func begin(_ prompt: String) {
            seen.withLock { state in
                state.order.append(prompt)
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func end() {
            seen.withLock { $0.now -= 1 }
        }
    }

    @Test func `a job lasts 0.7 to 1.3 times the job time, by its seed`() {
        var shortest = Duration.seconds(1000)
        var longest = Duration.zero
        for seed in 0..<2000 as Range<Int64> {
            let duration = Workers.duration(of: seed, .seconds(100))
            #expect(duration == Workers.duration(of: seed, .seconds(100)))
            shortest = min(shortest, duration)
            longest = max(longest, duration)
        }
        #expect(shortest >= .seconds(70) && shortest < .seconds(72))
        #expect(longest <= .seconds(130) && longest > .seconds(128))
    }

    @Test func `a graceful shutdown answers what it was asked and leaves the queue`() async throws {
        var slow = settings
        slow.jobTime = .seconds(3600)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = try JobsAPIServer(slow, logger: silentLogger) { listening.yield($0) }
        let services = ServiceGroup(configuration: .init(services: [server], logger: silentLogger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            try await RunningServer(probe: HTTPProbe(port: port)).submit("p")
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
        try await withServer(settings) { server in
            let jobs = try await server.list().jobs
            #expect(jobs.count == 1)
            #expect(try await server.ended(try #require(jobs.first).id).status == .completed)
        }
    }

    @Test func `the state is its owner's alone, and durable`() async throws {
        try await withServer(settings) { server in
            _ = try await server.ended(try await server.submit("p"))
            func mode(_ path: String) throws -> Int {
                let facts = try FileManager.default.attributesOfItem(atPath: path)
                return facts[.posixPermissions] as? Int ?? 0
            }
            #expect(try mode(folder.path("serve")) == 0o700)
            #expect(try mode(folder.path("serve/images")) == 0o700)
            for name in ["queue.sqlite3", "queue.sqlite3-wal", "queue.sqlite3-shm", "queue.sqlite3.lock"] {
                #expect(try mode(folder.path("serve/\(name)")) == 0o600, "\(name)")
            }
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path("serve/images")) {
                #expect(try mode(folder.path("serve/images/\(name)")) == 0o600)
            }
        }
        let store = try QueueStore(path: folder.path("serve/queue.sqlite3"))
        let level = try await store.database.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        #expect(level == 2)
    }

    @Test func `a state that is in use is refused`() async throws {
        try await withServer(settings) { _ in
            #expect(throws: ServerError.stateInUse(path: settings.stateFile)) {
                _ = try JobsAPIServer(settings, logger: silentLogger) { _ in }
            }
        }
    }

    @Test func `a state that cannot be written is refused`() throws {
        try folder.write("x", to: "file")
        for path in ["file/queue.sqlite3", "/proc/nightjar/queue.sqlite3"] {
            let settings = ServerSettings(stateFile: path.hasPrefix("/") ? path : folder.path(path))
            #expect(throws: ServerError.self) { _ = try JobsAPIServer(settings, logger: silentLogger) { _ in } }
        }
        let broken = try folder.write("this is no database, though it is long enough to be one", to: "broken")
        #expect(throws: ServerError.self) {
            _ = try JobsAPIServer(ServerSettings(stateFile: broken), logger: silentLogger) { _ in }
        }
    }

    @Test func `a port that is taken is said to be`() async throws {
        try await withServer(settings) { first in
            let port = first.probe.port
            let second = ServerSettings(port: port, stateFile: folder.path("second/queue.sqlite3"))
            await #expect {
                try await withServer(second) { _ in }
            } throws: { error in
                guard case ServerError.cannotListen("127.0.0.1", port, let reason) = error else { return false }
                return reason == "address already in use"
            }
        }
    }

    @Test(arguments: [
        ServerSettings(port: 70_000, stateFile: "x"), ServerSettings(stateFile: "x", workers: 0),
        ServerSettings(stateFile: "x", jobTime: .seconds(-1)), ServerSettings(stateFile: "x", rate: -1),
    ])
    func `a setting out of range is refused before anything is made`(settings: ServerSettings) {
        #expect(throws: ServerError.self) { _ = try JobsAPIServer(settings, logger: silentLogger) { _ in } }
    }

    @Test func `writes that come together share a commit, and one that fails harms no other`() async throws {
        let pool = try DatabasePool(path: folder.path("group.sqlite3"))
        try await pool.write { try $0.execute(sql: "CREATE TABLE t (n INTEGER PRIMARY KEY)") }
        let writer = GroupCommit(pool)
        let failures = await withTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        try await writer.perform { database in
                            try database.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number / 2])
                        }
                        return 0
                    } catch {
                        return 1
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 100)
        #expect(try await pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 100)
    }
}
