import Foundation
import Logging
import NightjarCore
import NightjarTestSupport
import ServiceLifecycle
import Testing

@testable import NightjarDaemon

@Suite(.timeLimit(.minutes(2))) struct NotifierTests {
    private let log = RecordedLog()
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func notifier(
        _ settings: [NotificationSettings], time: Timekeeper = .system(bootID: "test"),
        environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        digest: @escaping @Sendable () async -> NightjarDaemon.Notification? = { nil }
    ) -> Notifier {
        Notifier(
            settings, environment: environment, time: time, logger: log.logger, jitter: { 0 }, digest: digest)
    }

    private func contents(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    // MARK: Webhooks

    @Test func aWebhookGetsThePostAndItsToken() async throws {
        let server = ScriptedServer(numbered: { _ in reply("204 No Content") })
        let token = try folder.write("tk_secret\n", to: "token")
        try await notifier([NotificationSettings(url: server.url + "/hook?a=b", token: token)]).running { notifier in
            notifier.notify(.sample())
            try await until { !server.requests.isEmpty }
        }
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/hook?a=b")
        #expect(request.header("authorization") == "Bearer tk_secret")
        #expect(request.header("content-type") == "application/json")
        #expect(String(decoding: request.body, as: UTF8.self) == NightjarDaemon.Notification.sample().json.text)
    }

    @Test func aTargetHearsOnlyWhatItAskedFor() async throws {
        let server = ScriptedServer(numbered: { _ in reply("200 OK") })
        try await notifier([NotificationSettings(url: server.url, .json, [.gate])]).running { notifier in
            notifier.notify(.sample(.finished))
            notifier.notify(.sample(.gate))
            try await until { !server.requests.isEmpty }
        }
        #expect(server.requests.map { String(decoding: $0.body, as: UTF8.self).contains(#""event":"gate""#) } == [true])
    }

    @Test func aDeliveryIsTriedFiveTimes() async throws {
        let server = ScriptedServer(numbered: { _ in reply("500 Oops") })
        let clock = ManualClock()
        let log = log
        try await notifier([NotificationSettings(url: server.url)], time: clock.timekeeper).running { notifier in
            notifier.notify(.sample())
            // Half of 2, 4, 8 and 16 s, since the jitter is nothing.
            var now: Duration = .zero
            for wait in [1, 2, 4, 8] {
                now += .seconds(wait)
                while await clock.nextSleeper() != now { await Task.yield() }
                clock.advance(to: now)
            }
            try await until { log.lines.contains { $0.hasPrefix("warning") } }
        }
        #expect(server.requests.count == 5)
        #expect(
            log.lines.last
                == "warning a notification could not be delivered event=finished reason=it answers 500 "
                + "target=the webhook at `127.0.0.1`")
    }

    @Test func retryAfterIsHonoured() async throws {
        let server = ScriptedServer(numbered: { number in
            number == 1 ? reply("429 Slow down", ["Retry-After: 30"]) : reply("200 OK")
        })
        let clock = ManualClock()
        try await notifier([NotificationSettings(url: server.url)], time: clock.timekeeper).running { notifier in
            notifier.notify(.sample())
            while await clock.nextSleeper() != .seconds(30) { await Task.yield() }
            #expect(server.requests.count == 1)
            clock.advance(to: .seconds(30))
            try await until { server.requests.count == 2 }
        }
    }

    @Test func whatIsRefusedIsNotTriedAgainAndRedirectsAreNotFollowed() async throws {
        let elsewhere = ScriptedServer(numbered: { _ in reply("200 OK") })
        let place = elsewhere.url
        let server = ScriptedServer(numbered: { number in
            number == 1 ? reply("404 Not Found") : reply("302 Found", ["Location: \(place)"])
        })
        let log = log
        try await notifier([NotificationSettings(url: server.url)]).running { notifier in
            notifier.notify(.sample())
            notifier.notify(.sample())
            try await until { log.lines.count { $0.hasPrefix("warning") } == 2 }
        }
        #expect(server.requests.count == 2 && elsewhere.requests.isEmpty)
        #expect(log.lines.map { $0.contains("reason=it answers 404") } == [true, false])
    }

    @Test func addressesAndTokensAreInNoLine() async throws {
        let closed = ScriptedServer.closedPort()
        let url = "http://127.0.0.1:\(closed)/T0SECRET/B0SECRET"
        let file = try folder.write(url, to: "url")
        let token = try folder.write("tk_secret", to: "token")
        let garbage = try folder.write("ftp://secret.example/T0SECRET", to: "garbage")
        var settings = [NotificationSettings(url: url, token: token)]
        for file in [file, garbage, folder.path("absent")] {
            settings.append(
                NotificationSettings(
                    occasions: [.finished], target: .webhook(url: nil, urlFile: file, tokenFile: token, format: .slack))
            )
        }
        let log = log
        try await notifier(settings).running { notifier in
            notifier.notify(.sample())
            try await until { log.lines.count >= 4 }
        }
        let lines = log.lines.joined(separator: "\n")
        #expect(!lines.lowercased().contains("secret"), "\(lines)")
        #expect(lines.contains("reason=it cannot be reached target=the webhook at `127.0.0.1`"), "\(lines)")
        #expect(lines.contains("reason=its address is not one of http or https target=the webhook of `\(garbage)`"))
        #expect(lines.contains("reason=`\(folder.path("absent"))` cannot be read: no such file or directory"))
    }

    @Test func aServerThatIsSilentHoldsUpNobodyElse() async throws {
        let silent = ScriptedServer { connection in
            _ = connection.read()
            connection.waitForClose()
        }
        let server = ScriptedServer(numbered: { _ in reply("200 OK") })
        try await notifier([NotificationSettings(url: silent.url), NotificationSettings(url: server.url)]).running {
            notifier in
            for _ in 0..<3 { notifier.notify(.sample()) }
            try await until { server.requests.count == 3 && silent.requests.count == 1 }
        }
        #expect(silent.requests.count == 1, "in order, one at a time")
    }

    // MARK: Commands

    @Test func aCommandReadsTheJSONAndDoesNotSeeTheKey() async throws {
        let out = folder.path("out")
        let settings = NotificationSettings(
            command: "/bin/sh", "-c", "cat >\"$1.part\"; env >>\"$1.part\"; mv \"$1.part\" \"$1\"", "sh", out)
        let environment = [
            "PATH": "/usr/bin:/bin", "SERIKA_API_KEY": "sk-1", "NIGHTJAR_API_KEY": "sk-2",
            "CREDENTIALS_DIRECTORY": "/run/credentials/x", "NOTIFY_SOCKET": "/run/notify", "FOX": "red",
        ]
        try await notifier([settings], environment: environment).running { notifier in
            notifier.notify(.sample())
            try await until { FileManager.default.fileExists(atPath: out) }
        }
        let lines = contents(out).split(separator: "\n").map(String.init)
        #expect(lines.first == NightjarDaemon.Notification.sample().json.text)
        #expect(lines.contains("FOX=red") && lines.contains("NIGHTJAR_EVENT=finished"))
        for name in ["SERIKA_API_KEY", "NIGHTJAR_API_KEY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"] {
            #expect(!lines.contains { $0.hasPrefix(name) }, "\(name)")
        }
    }

    @Test func aCommandThatFailsIsTriedAgainAndWhatItSaidIsLogged() async throws {
        let count = folder.path("count")
        let settings = NotificationSettings(
            command: "/bin/sh", "-c",
            "echo x >>\"$1\"; echo no route to the printer >&2; test $(wc -l <\"$1\") = 2 || exit 3",
            "sh", count)
        let log = log
        try await notifier([settings]).running { notifier in
            notifier.notify(.sample())
            try await until { contents(count) == "x\nx\n" }
        }
        #expect(
            log.lines.first
                == "info a notification is tried again event=finished output=no route to the printer\n "
                + "reason=it ended with 3 target=the command `/bin/sh`")
    }

    @Test func aCommandThatHangsIsKilled() async {
        let (delivery, output) = await NotificationCommand(words: ["/bin/sh", "-c", "echo begun; sleep 1000"]).deliver(
            .sample(), environment: [:], limit: .milliseconds(300), time: .system(bootID: "test"))
        #expect(delivery == .failed("it did not end within 0 s, and was killed") && output == "begun\n")
    }

    // MARK: The queue

    @Test func aQueueThatIsFullDropsTheOldestAndSaysSoOnce() async throws {
        let server = ScriptedServer(numbered: { _ in reply("200 OK") })
        let notifier = notifier([NotificationSettings(url: server.url)])
        for number in 1...1005 { notifier.notify(.sample(title: "number \(number)")) }
        #expect(
            log.lines == [
                "warning too many notifications wait; the oldest are dropped kept=1000 target=the webhook at `127.0.0.1`"
            ])
        try await notifier.running { _ in try await until { server.requests.count == 1000 } }
        let first = try #require(server.requests.first)
        #expect(String(decoding: first.body, as: UTF8.self).contains("number 6\""))
    }

    @Test func otherSettingsHoldAtOnceAndWhatWaitsIsKept() async throws {
        let gone = ScriptedServer(numbered: { _ in reply("200 OK") })
        let kept = ScriptedServer(numbered: { _ in reply("200 OK") })
        let new = ScriptedServer(numbered: { _ in reply("200 OK") })
        let notifier = notifier([NotificationSettings(url: gone.url), NotificationSettings(url: kept.url)])
        notifier.notify(.sample(title: "one"))
        notifier.replace([NotificationSettings(url: kept.url, .json, [.finished]), NotificationSettings(url: new.url)])
        notifier.notify(.sample(.gate, title: "two"))
        notifier.notify(.sample(title: "three"))
        try await notifier.running { _ in
            try await until { gone.requests.count == 1 && kept.requests.count == 2 && new.requests.count == 2 }
        }
        func titles(_ server: ScriptedServer) -> [String] {
            server.requests.map { request in
                ["one", "two", "three"].first { String(decoding: request.body, as: UTF8.self).contains("\"\($0)\"") }
                    ?? "?"
            }
        }
        #expect(titles(gone) == ["one"] && titles(kept) == ["one", "three"] && titles(new) == ["two", "three"])
    }

    @Test func failuresAreToldToEachTargetByItsOwnShare() async throws {
        let strict = ScriptedServer(numbered: { _ in reply("200 OK") })
        let lax = ScriptedServer(numbered: { _ in reply("200 OK") })
        var first = NotificationSettings(url: strict.url)
        first.failureShare = 10
        var second = NotificationSettings(url: lax.url)
        second.failureShare = 50
        let notifier = notifier([first, second])
        for ended in 1...100 {
            notifier.failures(batch: "spring", ended: ended, failed: ended / 5) {
                .sample(.failures, title: "\(ended)")
            }
        }
        notifier.failures(batch: "spring", ended: 100, failed: 50) { .sample(.failures, title: "late") }
        try await notifier.running { _ in try await until { strict.requests.count == 1 && lax.requests.count == 1 } }
        #expect(String(decoding: strict.requests[0].body, as: UTF8.self).contains("\"title\":\"20\""))
        #expect(String(decoding: lax.requests[0].body, as: UTF8.self).contains("\"title\":\"late\""))
    }

    @Test func theDigestComesOnceADay() async throws {
        let server = ScriptedServer(numbered: { _ in reply("200 OK") })
        // From 2026-03-01 00:00 UTC on.
        let clock = ManualClock()
        var settings = NotificationSettings(url: server.url)
        settings.digestMinute = 480
        settings.timeZone = "UTC"
        let count = Locked(0)
        let notifier = notifier([settings], time: clock.timekeeper) {
            count.withLock { $0 += 1 }
            return .sample(.digest, exit: nil)
        }
        try await notifier.running { _ in
            for minute in stride(from: 1, through: 60 * 34, by: 1) {
                while await clock.nextSleeper() != .seconds(60 * minute) { await Task.yield() }
                #expect(count.value == (minute <= 480 ? 0 : minute <= 480 + 1440 ? 1 : 2), "\(minute)")
                clock.advance(to: .seconds(60 * minute))
            }
            try await until { server.requests.count == 2 }
        }
        #expect(String(decoding: server.requests[0].body, as: UTF8.self).contains(#""event":"digest""#))
    }

    // MARK: The end

    @Test func whatIsQueuedAtTheEndGetsALastChance() async throws {
        let server = ScriptedServer(numbered: { number in number == 1 ? reply("503 Later") : reply("200 OK") })
        let clock = ManualClock()
        let notifier = notifier([NotificationSettings(url: server.url)], time: clock.timekeeper)
        let group = ServiceGroup(services: [notifier], logger: log.logger)
        let task = Task { try await group.run() }
        notifier.notify(.sample(title: "one"))
        notifier.notify(.sample(title: "two"))
        // It waits for its second try.
        while await clock.nextSleeper() != .seconds(1) { await Task.yield() }
        await group.triggerGracefulShutdown()
        try await task.value
        #expect(server.requests.count == 3, "one of the two was tried again, at once")
    }

    @Test func theEndWaitsNoLongerThanTwoSeconds() async throws {
        let silent = ScriptedServer { connection in
            _ = connection.read()
            connection.waitForClose()
        }
        let clock = ManualClock()
        let notifier = notifier(
            [NotificationSettings(url: silent.url), NotificationSettings(command: "/bin/sh", "-c", "sleep 1000")],
            time: clock.timekeeper)
        let group = ServiceGroup(services: [notifier], logger: log.logger)
        let isDone = Locked(false)
        let task = Task {
            defer { isDone.withLock { $0 = true } }
            try await group.run()
        }
        for _ in 0..<2 { notifier.notify(.sample()) }
        try await until { silent.requests.count == 1 }
        await group.triggerGracefulShutdown()
        while !isDone.value {
            clock.advance(by: .milliseconds(20))
            await Task.yield()
        }
        try await task.value
        #expect(log.lines.last == "warning notifications were not delivered count=4")
    }
}
