import Foundation
import Glibc
import NightjarCore
import NightjarDaemon
import NightjarTestSupport
import Testing

@Suite struct ServiceManagerTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func listening(_ more: [String: String] = [:]) throws -> (Listener, ServiceManager) {
        let listener = try Listener(folder.path("notify"))
        return (listener, ServiceManager(environment: more.merging(["NOTIFY_SOCKET": listener.name]) { $1 }))
    }

    @Test func systemdHearsWhatTheServiceSays() throws {
        let (listener, manager) = try listening()
        manager.status("2 batches, 14 jobs running")
        manager.ready()
        manager.watchdog()
        manager.extendTimeout(by: .seconds(20))
        manager.stopping()
        #expect(
            listener.received() == [
                "STATUS=2 batches, 14 jobs running", "READY=1", "WATCHDOG=1", "EXTEND_TIMEOUT_USEC=20000000",
                "STOPPING=1",
            ])
    }

    @Test func aReloadNamesItsMomentOnTheMonotonicClock() throws {
        let (listener, manager) = try listening()
        func now() -> Int64 {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        }
        let before = now()
        manager.reloading()
        let after = now()
        let lines = try #require(listener.received().first).split(separator: "\n")
        #expect(lines.count == 2 && lines[0] == "RELOADING=1")
        let moment = try #require(lines.last?.wholeMatch(of: /MONOTONIC_USEC=(\d+)/)).1
        #expect((before...after).contains(try #require(Int64(moment))))
    }

    @Test func aNameMayBeAbstract() throws {
        let listener = try Listener("@nightjar-test-\(UUID().uuidString)")
        let manager = ServiceManager(environment: ["NOTIFY_SOCKET": listener.name])
        manager.ready()
        #expect(listener.received() == ["READY=1"])
    }

    @Test func aStatusIsOneLineAndSaidOnce() throws {
        let (listener, manager) = try listening()
        manager.status("fox\nREADY=1")
        manager.status("fox\nREADY=1")
        manager.status(String(repeating: "é", count: 10_000))
        let messages = listener.received()
        #expect(messages.first == "STATUS=fox READY=1")
        #expect(messages.count == 2)
        #expect(messages.last == "STATUS=" + String(repeating: "é", count: 500))
    }

    @Test func troubleStandsInPlaceOfTheStatus() throws {
        let (listener, manager) = try listening()
        manager.status("1 batch")
        manager.trouble("no pump moves")
        manager.status("2 batches")
        manager.trouble(nil)
        #expect(listener.received() == ["STATUS=1 batch", "STATUS=ill: no pump moves", "STATUS=2 batches"])
    }

    @Test func theWatchdogIsForTheProcessThatItNames() throws {
        func interval(_ environment: [String: String]) throws -> Duration? {
            let (listener, manager) = try listening(environment)
            unlink(listener.name)
            return manager.watchdogInterval
        }
        #expect(try interval(["WATCHDOG_USEC": "60000000"]) == .seconds(60))
        #expect(try interval(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(60))
        #expect(try interval(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(try interval(["WATCHDOG_USEC": "0"]) == nil)
        #expect(try interval(["WATCHDOG_USEC": "soon"]) == nil)
        #expect(try interval([:]) == nil)
        #expect(ServiceManager(environment: ["WATCHDOG_USEC": "60000000"]).watchdogInterval == nil)
    }

    /// Whoever listens may be gone, slow, or never have been there.
    @Test func nothingWaitsAndNothingFails() throws {
        let names = [
            nil, "", "/", "@", "relative", "vsock:2:1234", folder.path("nobody"), folder.path,
            "/" + String(repeating: "x", count: 300),
        ]
        for name in names {
            let manager = ServiceManager(environment: ["NOTIFY_SOCKET": name].compactMapValues(\.self))
            manager.ready()
            manager.status("fox")
        }
        let (listener, manager) = try listening()
        // More than a socket that nobody reads from takes.
        for _ in 0..<5000 { manager.watchdog() }
        let heard = listener.received()
        #expect(heard.count < 5000 && heard.first == "WATCHDOG=1")
        manager.ready()
        #expect(listener.received() == ["READY=1"])
    }
}
