import JobsAPIClient
import NightjarCore
import NightjarManifest
import NightjarRunner
import NightjarTestSupport
import Testing

@testable import NightjarCLI

@Suite struct RunConfigurationTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func file(_ text: String) throws -> ConfigurationFile {
        ConfigurationFile(path: try folder.write(text, to: "nightjar.yaml"))
    }

    private func configuration(
        flags: [Setting: String] = [:], environment: [String: String] = [:], file text: String = "",
        rehearses: Bool = false
    ) throws -> RunConfiguration {
        try RunConfiguration(flags: flags, environment: environment, file: try file(text), rehearses: rehearses)
    }

    @Test func `a flag beats the environment, which beats the file, which beats the default`() throws {
        #expect(try configuration().run.concurrency == 8)
        #expect(try configuration(file: "concurrency: 3").run.concurrency == 3)
        let environment = ["NIGHTJAR_CONCURRENCY": "4"]
        #expect(try configuration(environment: environment, file: "concurrency: 3").run.concurrency == 4)
        let all = try configuration(flags: [.concurrency: "5"], environment: environment, file: "concurrency: 3")
        #expect(all.run.concurrency == 5)
    }

    @Test func `the defaults are those of the contract`() throws {
        let defaults = try configuration()
        #expect(defaults.output == "output")
        #expect(defaults.state == "output/.nightjar/state.sqlite3")
        #expect(defaults.baseURL == "https://api.serika.dev/api/openai/v1")
        #expect(defaults.run.rate == Rate(requests: 5, per: .second))
        #expect(defaults.run.downloads == 4)
        #expect(defaults.run.drainTimeout == .seconds(300))
        #expect(defaults.run.giveUpAfter == .seconds(900))
        #expect(defaults.run.drainsAtTimeLimit)
        #expect(defaults.run.timeout == .seconds(30))
        #expect(defaults.run.settle == .seconds(30))
        #expect(defaults.run.unknownWait == .seconds(60))
        #expect(defaults.run.pilot == 3)
        #expect(defaults.run.minFree == 1 << 30)
        #expect(defaults.changed == .keep)
        #expect(defaults.confirmAbove == 1000)
        #expect(defaults.run.failFast == nil && defaults.caFile == nil && defaults.resultHosts.isEmpty)
        #expect(defaults.maxImageBytes == 64 << 20)
        #expect(defaults.run.maxJobs == nil && defaults.run.budget == nil && defaults.run.maxDuration == nil)
    }

    @Test func `every option is read from every layer`() throws {
        let values: [Setting: String] = [
            .output: "night/", .state: "s.sqlite3", .baseURL: "http://127.0.0.1:9/v1/", .concurrency: "2",
            .rate: "60/min",
            .downloads: "3", .maxDuration: "8h", .cutoff: "hard", .drainTimeout: "20s", .maxJobs: "0", .budget: "1.50",
            .retryFailed: "true", .timeout: "10s", .giveUpAfter: "5s", .maxImageBytes: "1MiB", .progress: "json",
            .logFormat: "json", .quiet: "true", .settle: "45s", .unknownWait: "2m", .failFast: "50", .pilot: "0",
            .caFile: "ca.pem", .minFree: "0", .changed: "redo", .confirmAbove: "0", .settleInbox: "5s", .rescan: "1m",
            .http: "off", .logLevel: "debug",
        ]
        let lines = values.map { "\($0.key.rawValue): \"\($0.value)\"" }.joined(separator: "\n")
        let environment = Dictionary(uniqueKeysWithValues: values.map { ($0.key.environmentName, $0.value) })
        for read in [
            try configuration(flags: values), try configuration(environment: environment),
            try configuration(file: lines),
        ] {
            #expect(read.output == "night")
            #expect(read.state == "s.sqlite3")
            #expect(read.baseURL == "http://127.0.0.1:9/v1")
            #expect(read.run.concurrency == 2)
            #expect(read.run.rate == Rate(requests: 60, per: .minute))
            #expect(read.run.downloads == 3)
            #expect(read.run.maxDuration == .seconds(8 * 3600))
            #expect(!read.run.drainsAtTimeLimit)
            #expect(read.run.drainTimeout == .seconds(20))
            #expect(read.run.maxJobs == 0)
            #expect(read.run.budget == Money(micros: 1_500_000))
            #expect(read.retryFailed)
            #expect(read.run.timeout == .seconds(10))
            #expect(read.run.settle == .seconds(45))
            #expect(read.run.unknownWait == .seconds(120))
            #expect(read.run.failFast == 50)
            #expect(read.run.pilot == 0)
            #expect(read.caFile == "ca.pem")
            #expect(read.run.minFree == 0)
            #expect(read.run.giveUpAfter == .seconds(5))
            #expect(read.maxImageBytes == 1 << 20)
            #expect(read.changed == .redo)
            #expect(read.confirmAbove == 0)
            #expect(read.progress == .json)
            #expect(read.logFormat == .json)
            #expect(read.quiet)
        }
    }

    @Test func `a rehearsal keeps to a folder of its own, and costs nothing`() throws {
        let environment = ["NIGHTJAR_STATE": "/somewhere/state", "NIGHTJAR_OUTPUT": "out"]
        let rehearsal = try configuration(
            environment: environment, file: "budget: 1\nprices: {m: 0.01}", rehearses: true)
        #expect(rehearsal.output == "rehearsal")
        #expect(rehearsal.state == "rehearsal/.nightjar/state.sqlite3")
        #expect(rehearsal.run.budget == nil)
        #expect(rehearsal.run.prices.isEmpty)
        let named = try configuration(flags: [.output: "tryout"], environment: environment, rehearses: true)
        #expect(named.state == "tryout/.nightjar/state.sqlite3")
    }

    @Test func `all problems are reported at once, each with where it stands`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(
                environment: ["NIGHTJAR_DOWNLOADS": "many"], file: "\nrate: fast\ncutoff: drian\noutptu: x\n")
        }
        #expect(error?.exit == .configuration)
        #expect(
            error?.problems == ["`NIGHTJAR_DOWNLOADS` must be a whole number from 1 to 1024, got `many`"])
        #expect(
            error?.file?.diagnostics.map { "\($0.line):\($0.column) \($0.message); \($0.hint ?? "")" } == [
                "2:7 `rate` must be a rate such as `5/s` or `60/min`, got `fast`; ",
                "3:9 `cutoff` must be one of drain, hard, got `drian`; did you mean `drain`?",
                "4:1 unknown key `outptu` in the configuration; did you mean `output`?",
            ])
    }

    @Test(
        arguments: [
            (Setting.concurrency, "0"), (.concurrency, "-1"), (.rate, "0"), (.rate, "auto"), (.timeout, "0s"),
            (.timeout, "-5s"), (.budget, "-1"), (.budget, "ten"), (.maxJobs, "1.5"), (.baseURL, "api.example"),
            (.baseURL, "ftp://api.example"), (.baseURL, "https://user@api.example"), (.output, ""), (.progress, "loud"),
            (.maxImageBytes, "big"), (.settle, "0"), (.settle, "soon"), (.unknownWait, "-1s"), (.failFast, "101"),
            (.failFast, "-1"), (.pilot, "-1"), (.pilot, "few"), (.minFree, "-1"), (.minFree, "some"), (.caFile, ""),
            (.changed, "redone"), (.confirmAbove, "-1"), (.confirmAbove, "always"),
        ])
    func `a wrong flag is wrong usage`(setting: Setting, value: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try configuration(flags: [setting: value]) }
        #expect(error?.exit == .usage)
        #expect(error?.problems.count == 1)
        #expect(error?.problems.first?.hasPrefix("`\(setting.flag)` ") == true)
    }

    @Test func `the limits of a day and of models are read, and are no matter of a rehearsal's cost`() throws {
        let text = "prices: {m: 0.01}\ndaily: {budget: 5, max_jobs: 100, timezone: UTC}\nmodel_concurrency: {m: 2}"
        let limited = try configuration(file: text)
        #expect(limited.run.daily == DailyLimits(budget: Money("5"), maxJobs: 100, timeZone: "UTC"))
        #expect(limited.run.modelConcurrency == ["m": 2])
        let rehearsal = try configuration(file: text, rehearses: true)
        #expect(rehearsal.run.daily == nil)
        #expect(rehearsal.run.modelConcurrency == ["m": 2])
        #expect(try configuration().run.daily == nil)
    }

    @Test func `the daemon's part of a file is nothing to a run, unless something is wrong with it`() throws {
        let text =
            "inbox: [/nowhere/inbox]\nhttp: off\nsettle_inbox: 5s\nnotify: {on: gate, command: [no-such-program]}"
        #expect(try "\(configuration(file: text))" == "\(configuration())")
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(environment: ["NIGHTJAR_RESCAN": "often"], file: "http: 8787\ninbox: [{paht: x}]")
        }
        #expect(error?.problems.count == 1)
        #expect(error?.file?.diagnostics.map(\.line) == [1, 2, 2])
    }

    @Test func `prices are read by model`() throws {
        let prices = try file("prices:\n  tensorart-animagine-xl: 0.0035\n  novelai/nai-diffusion-4-5-full: 0.02")
            .prices
        #expect(prices["tensorart-animagine-xl"] == Money(micros: 3500))
        #expect(prices["novelai/nai-diffusion-4-5-full"] == Money(micros: 20_000))
    }

    @Test func `hosts of results are read from the file alone`() throws {
        #expect(
            try configuration(file: "result_hosts: [nas.local, \"10.0.0.7:9000\"]").resultHosts.map(\.description)
                == ["nas.local", "10.0.0.7:9000"])
        // One host needs no list.
        #expect(try configuration(file: "result_hosts: nas.local").resultHosts.map(\.host) == ["nas.local"])
        #expect(throws: ConfigurationError.self) { try configuration(file: "result_hosts: [{host: nas.local}]") }
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(file: "result_hosts: [\"http://nas\", nas.local, \"a b\"]")
        }
        #expect(error?.exit == .configuration)
        #expect(error?.file?.diagnostics.count == 2)
    }

    @Test func `proxies and hosts go to the client, and what is wrong with them is said without passwords`() throws {
        let configuration = try configuration(file: "result_hosts: [nas.local]\nca_file: ca.pem")
        let key = try #require(APIKey("sk-test"))
        let environment = ["HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "localhost"]
        let settings = try Composition.clientSettings(configuration, key: key, environment: environment)
        #expect(settings.proxies.proxy(for: "https://api.example/v1")?.host == "proxy.example")
        #expect(settings.proxies.proxy(for: "https://localhost/v1") == nil)
        #expect(settings.resultHosts.map(\.host) == ["nas.local"])
        #expect(settings.caFile == "ca.pem")
        // A rehearsal's API is in the process.
        #expect(
            try Composition.clientSettings(configuration, key: nil, environment: environment).proxies == .none)
        let error = #expect(throws: ClientSettingsError.self) {
            try Composition.clientSettings(
                configuration, key: key, environment: ["https_proxy": "socks5://me:secret@proxy.example"])
        }
        #expect(error.map { "\($0)" }?.contains("`https_proxy`") == true)
        #expect(error.map { "\($0)" }?.contains("secret") == false)
    }

    @Test func `a mistyped key of the file names the nearest one`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try configuration(file: "concurency: 3\nprices: {m: cheap}\n")
        }
        let text = "\(error?.file?.diagnostics ?? [])"
        #expect(text.contains("unknown key `concurency`"))
        #expect(text.contains("did you mean `concurrency`?"))
        #expect(text.contains("`m` must be an amount"))
    }

    @Test func `a mistyped variable of the environment is pointed out, a foreign one is not`() {
        let warnings = RunConfiguration.environmentWarnings([
            "NIGHTJAR_CONCURENCY": "3", "NIGHTJAR_RATE": "5", "NIGHTJAR_API_KEY": "k", "NIGHTJAR_SOMETHING_ELSE": "1",
        ])
        #expect(warnings == ["warning: `NIGHTJAR_CONCURENCY` is not a setting; did you mean `NIGHTJAR_CONCURRENCY`?"])
    }
}
