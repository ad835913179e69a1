internal import FoundationEssentials
internal import JobsAPIClient
internal import Logging
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarDashboard
internal import NightjarManifest
internal import NightjarRunner

/// All settings of the daemon, read from every layer and checked against the machine.
///
/// Paths are absolute: a relative one is of the folder that the process works in, as for every command.
struct DaemonConfiguration: Sendable {
    /// Goes before the user's own, where it is there.
    static let systemPath = "/etc/nightjar/nightjar.yaml"
    /// Shorter than the `TimeoutStopSec` of the unit.
    static let drainTimeout: Duration = .seconds(20)

    /// The file that was read; `nil`: none.
    var path: String?
    /// What the daemon has in common with a run.
    var run: RunConfiguration
    /// At least one, in the order of the file.
    var inboxes: [InboxSettings] = []
    var settleInbox: Duration
    var rescan: Duration
    /// `nil`: no web page.
    var http: DashboardSettings?
    var notifications: [NotificationSettings] = []
    var logLevel: Logger.Level
    var logFormat: RunConfiguration.LogFormat
    /// As it was found when the configuration was read.
    var key: APIKey
    /// What is worth a word, where nothing is wrong.
    var warnings: [Diagnostic] = []

    /// Reads everything, the key too, and makes nothing. It can be called again at any time.
    /// - Parameters:
    ///   - flags: As given on the command line.
    ///   - config: The file that a flag names.
    ///   - workingFolder: That relative paths are of.
    /// - Throws: Every problem at once, in a refusal with 78 (64 where a flag is wrong).
    static func load(
        flags: [Setting: String], config: String?, environment: [String: String],
        systemPath: String = DaemonConfiguration.systemPath,
        workingFolder: String = FileManager.default.currentDirectoryPath
    ) throws(Refusal) -> DaemonConfiguration {
        let file = try ConfigurationFile.loadOrRefuse(
            named: config, environment: environment, systemPath: systemPath)
        var reader = SettingReader(flags: flags, environment: environment, file: file)
        let run = runConfiguration(&reader, file, workingFolder)
        let settings = DaemonSettings(reading: &reader)
        let places = DaemonPlaces(
            file: file, run: run, environment: environment, workingFolder: workingFolder)
        places.check(&reader)
        checkClient(run, environment, &reader)
        warn(about: settings, &reader)
        let key = findKey(flags, environment, file, &reader)
        if let error = reader.error { throw Refusal(error) }
        // Without it there is an error.
        guard let key else { throw Refusal(.configuration, "there is no API key") }
        return DaemonConfiguration(
            path: file.path, run: run, inboxes: places.inboxes, settleInbox: settings.settleInbox,
            rescan: settings.rescan, http: settings.http, notifications: places.notifications,
            logLevel: settings.logLevel, logFormat: run.logFormat ?? .text, key: key, warnings: reader.warnings)
    }

    /// Settings that only take effect when the daemon is started again.
    func changesNeedingRestart(from old: DaemonConfiguration) -> [String] {
        var names: [String] = []
        if run.state != old.run.state { names.append("state") }
        if run.baseURL != old.run.baseURL { names.append("base_url") }
        if http != old.http { names.append("http") }
        if run.run.timeout != old.run.run.timeout { names.append("timeout") }
        if run.caFile != old.run.caFile { names.append("ca_file") }
        if run.resultHosts != old.run.resultHosts { names.append("result_hosts") }
        if run.maxImageBytes != old.run.maxImageBytes { names.append("max_image_bytes") }
        if logFormat != old.logFormat { names.append("log_format") }
        return names
    }

    // MARK: Reading

    private static func runConfiguration(
        _ reader: inout SettingReader, _ file: ConfigurationFile, _ workingFolder: String
    ) -> RunConfiguration {
        var run = RunConfiguration(reading: &reader, file)
        refuseEnds(&reader)
        warnOfUselessSettings(&reader)
        warnOfRelativePaths(&reader, run, workingFolder)
        run.output = FolderName(run.output, in: workingFolder).absolute
        run.state = FolderName(run.state, in: workingFolder).absolute
        run.caFile = run.caFile.map { FolderName($0, in: workingFolder).absolute }
        if !reader.isGiven(.drainTimeout) { run.run.drainTimeout = drainTimeout }
        run.run.isService = true
        run.run.maxDuration = nil
        run.run.drainsAtTimeLimit = true
        run.run.maxJobs = nil
        run.run.budget = nil
        run.run.giveUpAfter = RunSettings().giveUpAfter
        run.run.unknownWait = RunSettings().unknownWait
        run.retryFailed = false
        run.confirmAbove = 0
        run.progress = .none
        run.quiet = false
        return run
    }

    /// What would end the daemon, or stop it for good; with what to write instead.
    static let endings: [(setting: Setting, words: String, hint: String)] = {
        let words = "counts for one run: once it is used up, the daemon would submit nothing more"
        let hint = "limit each day with `daily:`, or what comes from one inbox with its own"
        return [
            (
                .maxDuration, "would end the daemon",
                "a manifest says when it may run with `schedule: {window: \"22:00-07:00\"}`"
            ),
            (.maxJobs, words, hint), (.budget, words, hint),
        ]
    }()

    /// What has no effect in the daemon; with why, or what to do instead.
    static let useless: [(setting: Setting, hint: String)] = [
        (.cutoff, "the daemon has no time limit"),
        (.retryFailed, "use `nightjar retry`, which works beside the daemon"),
        (.unknownWait, "the daemon goes on asking"), (.giveUpAfter, "the daemon waits for the API"),
        (.confirmAbove, "nobody is there to be asked"), (.progress, "see `nightjar status`"),
        (.quiet, "write `log_level: error`"),
    ]

    private static func refuseEnds(_ reader: inout SettingReader) {
        for (setting, words, hint) in endings where reader.isGiven(setting) {
            reader.report(setting, words, hint: hint)
        }
    }

    private static func warnOfUselessSettings(_ reader: inout SettingReader) {
        for (setting, hint) in useless {
            guard let text = reader.text(setting), text != setting.example.value else { continue }
            reader.warn(setting, "no-effect", "has no effect in the daemon", hint: hint)
        }
    }

    private static func warnOfRelativePaths(
        _ reader: inout SettingReader, _ run: RunConfiguration, _ workingFolder: String
    ) {
        let paths = [(Setting.output, run.output as String?), (.state, run.state), (.caFile, run.caFile)]
        for (setting, path) in paths + [(.apiKeyFile, reader.text(.apiKeyFile))] {
            guard let path, !path.isEmpty, !path.hasPrefix("/") else { continue }
            // The default state goes with the output.
            guard reader.isGiven(setting) || setting == .output else { continue }
            let name = FolderName(path, in: workingFolder)
            reader.warn(
                setting, "relative-path",
                reader.isGiven(setting)
                    ? "is relative to the folder that the daemon is started in" : "is not given",
                hint: "write `\(setting.rawValue): \(name.absolute)` to mean what it means here")
        }
    }

    private static func warn(about settings: DaemonSettings, _ reader: inout SettingReader) {
        guard let http = settings.http, WebAddress.isForOthers(http) else { return }
        reader.warn(
            .http, "open-page",
            "shows prompts and images to whoever reaches `\(WebAddress.text(http))`: the page asks for no password",
            hint: "`127.0.0.1:\(http.port)` is for this machine alone")
    }

    private static func checkClient(
        _ run: RunConfiguration, _ environment: [String: String], _ reader: inout SettingReader
    ) {
        do throws(ClientSettingsError) {
            _ = try ProxySettings(environment: environment)
        } catch {
            reader.report("\(error)")
        }
        do throws(ClientSettingsError) {
            try ClientSettings(baseURL: run.baseURL, key: nil, caFile: run.caFile).check()
        } catch {
            if case .caFile(_, let reason) = error {
                reader.report(.caFile, "cannot be used: \(reason)")
            } else {
                reader.report("\(error)")
            }
        }
    }

    private static func findKey(
        _ flags: [Setting: String], _ environment: [String: String], _ file: ConfigurationFile,
        _ reader: inout SettingReader
    ) -> APIKey? {
        do throws(ConfigurationError) {
            return try KeyLookup.find(flags: flags, environment: environment, file: file)
        } catch {
            for words in error.problems { reader.report(words) }
            return nil
        }
    }
}
