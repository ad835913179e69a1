import Foundation
import JobsAPIClient
import Logging
import NightjarCore
import NightjarDaemon
import NightjarDashboard
import NightjarManifest
import NightjarRunner
import NightjarTestSupport
import Testing

@testable import NightjarCLI

struct DaemonConfigurationTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func load(
        _ text: String, flags: [Setting: String] = [:], environment: [String: String] = [:]
    ) throws -> DaemonConfiguration {
        try DaemonConfiguration.load(
            flags: flags, config: folder.write(text, to: "nightjar.yaml"),
            environment: ["SERIKA_API_KEY": "sk-test", "PATH": "/usr/bin:/bin"].merging(environment) { $1 },
            workingFolder: folder.path)
    }

    private func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
        let refusal = #expect(throws: Refusal.self) { try load(text, environment: environment) }
        #expect(refusal?.exit == .configuration)
        return (refusal?.messages ?? []).flatMap { message in
            switch message {
            case .plain(let words): [words]
            case .diagnostics(let error): error.diagnostics.filter { $0.severity == .error }.map(\.message)
            }
        }
    }

    // MARK: Values

    @Test func `an inbox is all that it needs`() throws {
        let daemon = try load("inbox: inbox/\n")
        #expect(daemon.inboxes == [InboxSettings(path: folder.path("inbox"), output: folder.path("output"))])
        #expect(daemon.run.output == folder.path("output"))
        #expect(daemon.run.state == folder.path("output/.nightjar/state.sqlite3"))
        #expect(daemon.settleInbox == .seconds(2) && daemon.rescan == .seconds(30))
        #expect(daemon.http == DashboardSettings(host: "127.0.0.1", port: 8787))
        #expect(daemon.notifications.isEmpty && daemon.run.run.daily == nil && daemon.run.run.modelConcurrency.isEmpty)
        #expect(daemon.logLevel == .info && daemon.logFormat == .text)
        #expect(daemon.run.run.drainTimeout == .seconds(20))
        #expect(daemon.run.run.isService)
        #expect(daemon.run.progress == .none)
        #expect(daemon.key.redacted("sk-test") == "[key]")
    }

    @Test func `everything is read`() throws {
        for name in ["ntfy", "token"] { try folder.write("x", to: name) }
        let daemon = try load(
            """
            output: /tmp/nightjar-absent/images
            drain_timeout: 10s
            settle_inbox: 5s
            rescan: 1m
            http: "[::1]:80"
            log_level: debug
            log_format: json
            prices: {m: 0.01}
            daily: {budget: 10, max_jobs: 500, timezone: Europe/Paris}
            model_concurrency: {m: 2, n/o: 3}
            inbox:
              - /tmp/nightjar-absent/one
              - path: /tmp/nightjar-absent/two/
                output: /tmp/nightjar-absent/two-images
                priority: -5
                weight: 3
                concurrency: 4
                rate: 60/min
                max_jobs: 100
                budget: 2.50
                group: \(getegid())
                mode: 0640
            notify:
              - {on: [failures, gate], command: [/bin/sh, -c, "true"], failure_share: 0}
              - {on: digest, command: sh, digest: 7:05, timezone: UTC}
              - {on: finished, webhook: "https://ntfy.example/night?priority=5", format: ntfy, token_file: token}
              - {on: finished, url_file: ntfy}
            """)
        var two = InboxSettings(path: "/tmp/nightjar-absent/two", output: "/tmp/nightjar-absent/two-images")
        two.priority = -5
        two.weight = 3
        two.limits = .init(
            concurrency: 4, rate: Rate(requests: 60, per: .minute), maxJobs: 100, budget: Money("2.50"))
        two.group = "\(getegid())"
        two.mode = 0o640
        #expect(
            daemon.inboxes == [
                InboxSettings(path: "/tmp/nightjar-absent/one", output: "/tmp/nightjar-absent/images"), two,
            ])
        var first = NotificationSettings(
            occasions: [.failures, .gate], target: .command(["/bin/sh", "-c", "true"]))
        first.failureShare = 0
        var second = NotificationSettings(occasions: [.digest], target: .command(["sh"]))
        second.digestMinute = 425
        second.timeZone = "UTC"
        let third = NotificationSettings(
            occasions: [.finished],
            target: .webhook(
                url: "https://ntfy.example/night?priority=5", urlFile: nil, tokenFile: folder.path("token"),
                format: .ntfy))
        let fourth = NotificationSettings(
            occasions: [.finished],
            target: .webhook(url: nil, urlFile: folder.path("ntfy"), tokenFile: nil, format: .json))
        #expect(daemon.notifications == [first, second, third, fourth])
        #expect(daemon.run.run.daily == DailyLimits(budget: Money("10"), maxJobs: 500, timeZone: "Europe/Paris"))
        #expect(daemon.run.run.modelConcurrency == ["m": 2, "n/o": 3])
        #expect(daemon.settleInbox == .seconds(5) && daemon.rescan == .seconds(60))
        #expect(daemon.http == DashboardSettings(host: "::1", port: 80))
        #expect(daemon.logLevel == .debug && daemon.logFormat == .json)
        #expect(daemon.run.run.drainTimeout == .seconds(10))
    }

    @Test func `a flag beats the environment, which beats the file`() throws {
        let text = "inbox: inbox\nhttp: off\nrescan: 10s\nsettle_inbox: 10s\nlog_level: error\n"
        let environment = ["NIGHTJAR_RESCAN": "20s", "NIGHTJAR_SETTLE_INBOX": "20s", "NIGHTJAR_LOG_LEVEL": "trace"]
        let daemon = try load(text, flags: [.settleInbox: "30s", .http: "localhost:1"], environment: environment)
        #expect(daemon.rescan == .seconds(20) && daemon.settleInbox == .seconds(30))
        #expect(daemon.http == DashboardSettings(host: "localhost", port: 1))
        #expect(daemon.logLevel == .trace)
        #expect(try load(text).http == nil)
        #expect(try load(text, environment: ["NIGHTJAR_HTTP": "off"]).http == nil)
    }

    @Test(arguments: ["0640", "\"0640\"", "640", "0o640"])
    func `a mode is octal, however it is written`(mode: String) throws {
        #expect(try load("inbox: {path: inbox, mode: \(mode)}").inboxes.first?.mode == 0o640)
    }

    @Test func `two inboxes may share an output, and one may lie beside the state`() throws {
        let daemon = try load(
            """
            state: var/state.sqlite3
            inbox: [{path: var/inbox, output: images}, {path: b, output: images}]
            """)
        #expect(Set(daemon.inboxes.map(\.output)) == [folder.path("images")])
    }

    // MARK: What is wrong

    @Test func `an inbox behind a link is the one that the link leads to`() throws {
        try folder.write("", to: "inbox/x")
        try folder.link("link", to: folder.path("inbox"))
        #expect(problems("inbox: [inbox, link]") == ["the inbox `link` is there twice"])
        #expect(problems("inbox: [inbox, link/below]") == ["the inbox `link/below` lies in the inbox `inbox`"])
        #expect(
            problems("output: link/..\ninbox: inbox") == [
                "the inbox `inbox` lies in the output `\(folder.path("link/.."))`"
            ])
    }

    @Test func `a folder that cannot be written is told with where it is named`() throws {
        try folder.write("", to: "file")
        #expect(
            problems("output: file/output\nstate: file/state/s\ninbox: file/inbox") == [
                "`output` `\(folder.path("file/output"))` cannot be written: `\(folder.path("file"))` is not a folder",
                "`state` `\(folder.path("file/state/s"))` cannot be written: `\(folder.path("file"))` is not a folder",
                "the inbox `file/inbox` cannot be written: `\(folder.path("file"))` is not a folder",
            ])
        #expect(problems("inbox: {path: inbox, output: file}").count == 1)
        #expect(
            problems("state: \(folder.path)\ninbox: inbox") == [
                "`state` `\(folder.path)` is a folder, and must be a file"
            ])
    }

    @Test func `the key, the authorities and the proxies are looked at, all at once`() throws {
        try folder.write("no certificate", to: "ca.pem")
        let found = problems(
            "inbox: inbox\nca_file: ca.pem\nwindow: x\n",
            environment: ["SERIKA_API_KEY": "", "https_proxy": "socks5://me:hunter2@proxy.example"])
        #expect(found.count == 4)
        #expect(found.contains("`ca_file` cannot be used: it holds no certificates in PEM"))
        #expect(found.contains("unknown key `window` in the configuration"))
        #expect(found.contains { $0.hasPrefix("there is no API key") })
        #expect(found.contains { $0.contains("`https_proxy`") && !$0.contains("hunter2") })
    }

    @Test func `a wrong flag is wrong usage`() throws {
        let refusal = #expect(throws: Refusal.self) { try load("inbox: inbox", flags: [.rescan: "often"]) }
        #expect(refusal?.exit == .usage)
    }

    // MARK: What is worth a word

    private var readyPaths: String {
        get throws {
            try folder.write("", to: "ready/inbox/x")
            return "output: /tmp/nightjar-absent/images\ninbox: \(folder.path("ready/inbox"))\n"
        }
    }

    private func warnings(_ text: String, environment: [String: String] = [:]) throws -> [String] {
        try load(text, environment: environment).warnings.map { "\($0.line) \($0.message)" }
    }

    @Test func `what has no effect is said, but not of a default`() throws {
        let paths = try readyPaths
        #expect(try warnings(paths + "quiet: false\nprogress: auto\nconfirm_above: 1000\n").isEmpty)
        #expect(
            try warnings(paths + "quiet: true\ncutoff: hard\n") == [
                "3 `quiet` has no effect in the daemon", "4 `cutoff` has no effect in the daemon",
            ])
        #expect(
            try warnings(paths, environment: ["NIGHTJAR_PROGRESS": "bar"]) == [
                "0 `progress` has no effect in the daemon"
            ])
        let daemon = try load(paths + "retry_failed: true\ngive_up_after: 1m\nconfirm_above: 1\nprogress: json\n")
        #expect(!daemon.run.retryFailed && daemon.run.confirmAbove == 0 && daemon.run.progress == .none)
        #expect(daemon.run.run.giveUpAfter == RunSettings().giveUpAfter)
    }

    @Test func `a relative path is said, and what it comes to`() throws {
        try folder.write("key", to: "key")
        try folder.write("", to: "inbox/x")
        let daemon = try load("inbox: inbox\nstate: s/s\napi_key_file: key\n")
        #expect(
            Set(daemon.warnings.map { "\($0.line) \($0.hint ?? "")" }) == [
                "1 write `\(folder.path("inbox"))` to mean what it means here",
                "2 write `state: \(folder.path("s/s"))` to mean what it means here",
                "3 write `api_key_file: \(folder.path("key"))` to mean what it means here",
                "0 write `output: \(folder.path("output"))` to mean what it means here",
            ])
    }

    @Test func `an inbox that is not there is said, with how to make it`() throws {
        let absent = folder.path("not there/inbox")
        let daemon = try load("output: /tmp/nightjar-absent/images\ninbox: [\"\(absent)\"]\n")
        #expect(
            daemon.warnings.map(\.message) == [
                "the inbox `\(absent)` is not there; it is waited for, and not made"
            ])
        #expect(daemon.warnings.first?.hint?.hasSuffix("`mkdir -p '\(absent)'`") == true)
        #expect(daemon.warnings.first?.line == 2)
    }

    @Test func `a page that others reach is said`() throws {
        let paths = try readyPaths
        for address in ["127.0.0.2:1", "\"[::1]:1\"", "localhost:1", "off"] {
            #expect(try warnings(paths + "http: \(address)").isEmpty)
        }
        #expect(try warnings(paths + "http: 0.0.0.0:1").count == 1)
    }

    // MARK: The file, and reading it again

    @Test func `the file that is named goes before the system's, and that before one's own`() throws {
        func rescan(_ config: String?, _ environment: [String: String], system: String) throws -> Duration {
            try DaemonConfiguration.load(
                flags: [:], config: config, environment: environment.merging(["SERIKA_API_KEY": "k"]) { $1 },
                systemPath: system, workingFolder: folder.path
            ).rescan
        }
        func file(_ seconds: Int, _ name: String) throws -> String {
            try folder.write("inbox: inbox\nrescan: \(seconds)s\n", to: name)
        }
        let system = try file(3, "etc.yaml")
        _ = try file(4, "home/nightjar/nightjar.yaml")
        let home = ["XDG_CONFIG_HOME": folder.path("home")]
        let named = home.merging(["NIGHTJAR_CONFIG": try file(2, "named.yaml")]) { $1 }
        #expect(try rescan(try file(1, "flag.yaml"), named, system: system) == .seconds(1))
        #expect(try rescan(nil, named, system: system) == .seconds(2))
        #expect(try rescan(nil, home, system: system) == .seconds(3))
        #expect(try rescan(nil, home, system: folder.path("none")) == .seconds(4))
        #expect(throws: Refusal.self) { try rescan(nil, [:], system: folder.path("none")) }
        #expect(throws: Refusal.self) { try rescan(folder.path("none"), home, system: system) }
    }

    @Test func `what needs another start is named, and nothing else`() throws {
        let old = try load("inbox: inbox\nlog_level: info\n")
        let live = try load(
            """
            inbox: [inbox, {path: second, output: other}]
            log_level: error
            concurrency: 2
            prices: {m: 1}
            daily: {budget: 5}
            notify: {on: gate, command: [/bin/sh]}
            """, environment: ["SERIKA_API_KEY": "another"])
        #expect(live.changesNeedingRestart(from: old) == [])
        let moved = try load("inbox: inbox\noutput: other\nbase_url: http://127.0.0.1:1\nhttp: off\n")
        #expect(moved.changesNeedingRestart(from: old) == ["state", "base_url", "http"])
        let kept = try load("inbox: inbox\noutput: other\nstate: output/.nightjar/state.sqlite3\n")
        #expect(kept.changesNeedingRestart(from: old) == [])
    }

    // MARK: The example

    @Test func `the example can be used, with folders that are there`() throws {
        let examples = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../examples/daemon")
            .standardized
        var text = try String(contentsOf: examples.appending(path: "nightjar.yaml"), encoding: .utf8)
        for name in ["api-key", "ntfy-address", "ntfy-token"] { try folder.write("x", to: "etc/\(name)") }
        for (place, here) in [
            ("/srv/nightjar", folder.path("srv")), ("/etc/nightjar", folder.path("etc")),
            ("/usr/local/bin/page-somebody", "/bin/sh"),
        ] {
            #expect(text.contains(place))
            text = text.replacing(place, with: here)
        }
        for name in ["inbox", "team/inbox"] where text.contains(folder.path("srv/\(name)")) {
            try folder.write("", to: "srv/\(name)/x")
        }
        let daemon = try load(text)
        #expect(daemon.warnings.isEmpty)
        #expect(daemon.inboxes.count == 2 && daemon.notifications.count == 2)
        #expect(daemon.run.run.daily?.budget == Money("50"))
    }
}
