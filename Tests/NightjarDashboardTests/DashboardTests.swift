import Foundation
import Logging
import NightjarCore
import NightjarDashboard
import NightjarTestSupport
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(1))) struct DashboardTests {
    @Test func aMonitorHearsWhetherAllIsWell() async throws {
        try await ServedPage.serve { page in
            let answer = try await page.page("/healthz")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nok\n"))
            #expect(answer.contains("text/plain; charset=utf-8"))
        }
        try await ServedPage.serve(health: (false, "no pump has moved for 10 min")) { page in
            let answer = try await page.page("/healthz")
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.hasSuffix("\r\n\r\nno pump has moved for 10 min\n"))
            #expect(try await page.page().contains("<li>no pump has moved for 10 min</li>"))
        }
    }

    @Test func aPageTellsHowFarTheBatchesAreAndWhatToDo() async throws {
        let batches: [BatchSummary] = [
            .sample("old", [.done: 2000, .failed: 3, .filtered: 1], updated: 9),
            .sample("closed", [.pending: 40], updated: 5),
            .sample(
                "spring", [.done: 6, .submitted: 2, .pending: 4], updated: 1, spent: Money(micros: 60_000),
                throughput: 0.5),
            .sample("quiet", [.pending: 1], updated: 3, paused: true),
            .sample("lost", [.done: 1, .unknown: 2], updated: 2),
        ]
        let now = WallTime.now
        let snapshot = RunSnapshot(
            command: .daemon, pid: 4711, startedAt: now + .seconds(-3660), writtenAt: now, concurrency: 8,
            rate: Rate(requests: 60, per: .minute), unfinished: 2,
            waits: [
                "closed": .init(
                    .window, "waits for its window, opens 22:00", until: now + .seconds(7290),
                    action: "open the window with `nightjar set closed`")
            ])
        try await ServedPage.serve(batches: { batches }, snapshot: snapshot) { page in
            let text = try await page.page()
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            let names = text.matches(of: /<th scope="row">([a-z]+)/).map { String($0.1) }
            #expect(names == ["spring", "closed", "quiet", "lost", "old"], "what moves stands first")
            for part in [
                "daemon 4711, up 1 h 01 min", "2 of at most 8 jobs at the API", "requests at most 60/min",
                "<h2>To do now</h2>",
                "<li>open the window with <code>nightjar set closed</code> <small>for closed</small></li>",
                "<li>go on with <code>nightjar resume quiet</code> <small>for quiet</small></li>",
                "<p>waits for its window, opens 22:00 (in 2 h 01 min)</p>", "<p>is paused</p>",
                "<span>6 of 12</span>", "<td data-label=\"running\">2</td>", "<td data-label=\"pending\">4</td>",
                "<td data-label=\"cost\">0.06</td>", "<td data-label=\"time left\">12 s</td>",
                "<td data-label=\"time left\">finished</td>", "<td data-label=\"time left\">held</td>",
                "<p>2 answers were lost, and the jobs are held: <code>nightjar status lost</code></p>",
                "<td data-label=\"failed\" class=\"bad\">3</td>", "<span>2,000 of 2,004</span>",
                "<p>3 failed: <code>nightjar jobs old --only failed</code></p>", "<title>Nightjar: 2 running</title>",
                "<meta http-equiv=\"refresh\" content=\"10\">",
            ] {
                #expect(text.contains(part), "\(part)")
            }
        }
    }

    @Test func aPageIsBounded() async throws {
        let batches = (0..<1234).map { BatchSummary.sample("b\($0)", [.done: 1], id: Int64($0), updated: Int64($0)) }
        try await ServedPage.serve(batches: { batches }) { page in
            let text = try await page.page()
            let names = text.matches(of: /<th scope="row">(b[0-9]+)/).map { String($0.1) }
            #expect(names == (1034..<1234).reversed().map { "b\($0)" })
            #expect(text.contains("<p>and 1,034 more: <code>nightjar status</code></p>"))
        }
    }

    /// The manifest allows no such names; what is written down elsewhere may have come by another way.
    @Test func whatOthersWroteIsShownAndDoesNothing() async throws {
        let name = "<script>alert('x')</script>\"&\u{202E}\u{1B}[31m"
        let wait = RunSnapshot.Wait(.api, "<img src=x onerror=y>", action: "type `</code><b>`")
        let now = WallTime.now
        let snapshot = RunSnapshot(
            command: .run, pid: 1, startedAt: now, writtenAt: now, concurrency: 1,
            rate: Rate(requests: 1, per: .second), unfinished: 0, waits: [name: wait])
        let batches = [BatchSummary.sample(name, [.pending: 1, .failed: 1])]
        try await ServedPage.serve(batches: { batches }, snapshot: snapshot) { page in
            let text = try await page.page()
            #expect(text.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;\u{FFFD}\u{FFFD}[31m"))
            #expect(text.contains("&lt;img src=x onerror=y&gt;"))
            #expect(text.contains("type <code>&lt;/code&gt;&lt;b&gt;</code>"))
            for tag in ["<script", "<img", "<b>", "\u{202E}", "\u{1B}"] { #expect(!text.contains(tag), "\(tag)") }
        }
    }

    @Test func aPageMayLoadNothingAndIsKeptNowhere() async throws {
        try await ServedPage.serve { page in
            let first = try await page.page()
            let second = try await page.page()
            let policy = try #require(first.firstMatch(of: /Content-Security-Policy: (.*)\r\n/)).1
            let nonce = try #require(policy.firstMatch(of: /style-src 'nonce-([a-z0-9]+)'/)).1
            #expect(
                policy == "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action 'none'; "
                    + "frame-ancestors 'none'")
            #expect(first.contains("<style nonce=\"\(nonce)\">"))
            #expect(!second.contains(nonce), "a nonce is used once")
            for line in [
                "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
                "Cross-Origin-Resource-Policy: same-origin", "Content-Type: text/html; charset=utf-8",
            ] {
                #expect(first.contains(line + "\r\n"), "\(line)")
            }
        }
    }

    @Test func aNameThatIsNotTheMachinesIsNotAnswered() async throws {
        let batches = [BatchSummary.sample("secret", [.done: 1])]
        try await ServedPage.serve(batches: { batches }) { page in
            for host in ["localhost", "LocalHost:8787", "127.0.0.1", "127.0.0.1:1", "[::1]:8787"] {
                #expect(try await page.page(host: host).hasPrefix("HTTP/1.1 200 "), "\(host)")
            }
            for host in [
                "evil.example", "evil.example:8787", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
                "localhost:80@evil.example", "[::1].evil.example", "[::1", "", ":8787", "0.0.0.0",
            ] {
                for path in ["/", "/healthz", "/elsewhere"] {
                    let answer = try await page.page(path, host: host)
                    #expect(answer.hasPrefix("HTTP/1.1 421 ") && !answer.contains("secret"), "\(host) \(path)")
                }
            }
            #expect(try await page.answer("GET / HTTP/1.0").hasPrefix("HTTP/1.1 421 "))
        }
        try await ServedPage.serve(host: "0.0.0.0") { page in
            let address = try await page.page(host: "10.0.0.1:8787")
            #expect(address.hasPrefix("HTTP/1.1 200 "))
            let name = try await page.page(host: "evil.example")
            #expect(name.hasPrefix("HTTP/1.1 421 "))
        }
    }

    @Test func itIsOnlyRead() async throws {
        try await ServedPage.serve { page in
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"] {
                let answer = try await page.answer("\(method) / HTTP/1.1", "Host: localhost")
                #expect(answer.hasPrefix("HTTP/1.1 405 ") && answer.contains("Allow: GET, HEAD\r\n"), "\(method)")
            }
            let head = try await page.answer("HEAD / HTTP/1.1", "Host: localhost")
            #expect(head.hasPrefix("HTTP/1.1 200 ") && head.hasSuffix("\r\n\r\n"))
            #expect(try await page.page("/favicon.ico").hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test func aHeadThatIsTooLongIsRefused() async throws {
        try await ServedPage.serve { page in
            let one = try await page.answer(
                "GET / HTTP/1.1", "Host: localhost", "X: " + String(repeating: "x", count: 9000))
            #expect(!one.contains("200 OK"))
            let many = (0..<200).map { "X-\($0): y" }.joined(separator: "\r\n")
            #expect(try await !page.answer("GET / HTTP/1.1", "Host: localhost", many).contains("200 OK"))
            #expect(try await page.page().contains("200 OK"), "others are answered")
        }
    }

    @Test func aStateThatCannotBeReadIsNoSecret() async throws {
        struct Failure: Error {
            let path = "/srv/secret/state.sqlite3"
        }
        try await ServedPage.serve(batches: { throw Failure() }) { page in
            let answer = try await page.page()
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && !answer.contains("/srv/secret"))
            #expect(try await page.page("/healthz").hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func aPlaceThatIsTakenIsSaidSo() async throws {
        try await ServedPage.serve { page in
            let second = Dashboard(
                DashboardSettings(port: page.port), time: .system(bootID: "test"),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, summaries: { [] }, snapshot: { nil },
                health: { (true, "ok") })
            let error = await #expect(throws: DashboardError.self) { try await second.run() }
            #expect(
                error?.description
                    == "the web page cannot be served at 127.0.0.1:\(page.port): address already in use; "
                    + "give it another place with `http:`")
        }
    }

    @Test func itEndsWithTheServiceAlsoWhileSomeoneHoldsOn() async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let (asked, arrivals) = AsyncStream.makeStream(of: Void.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let clock = ManualClock()
        let dashboard = Dashboard(
            DashboardSettings(port: 0), time: clock.timekeeper, logger: logger,
            summaries: {
                arrivals.yield()
                try await Task.sleep(for: .seconds(3600))
                return []
            }, snapshot: { nil }, health: { (true, "ok") }, onListening: { continuation.yield($0) })
        let group = ServiceGroup(services: [dashboard], logger: logger)
        let task = Task { try await group.run() }
        let page = ServedPage(port: try #require(await ports.first { _ in true }))
        let reader = Task { try await page.page() }
        _ = await asked.first { true }
        await group.triggerGracefulShutdown()
        while await clock.nextSleeper() != .seconds(2) { await Task.yield() }
        clock.advance(to: .seconds(2))
        try await task.value
        _ = await reader.result
    }
}
