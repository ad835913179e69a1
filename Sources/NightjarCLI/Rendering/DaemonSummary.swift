internal import Logging
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarDashboard
internal import NightjarRunner

/// What the daemon would do, as `daemon --check` says it.
struct DaemonSummary {
    private let configuration: DaemonConfiguration

    init(_ configuration: DaemonConfiguration) {
        self.configuration = configuration
    }

    func lines(width: Int?, style: TerminalStyle) -> [String] {
        var sheet = FactSheet()
        if let path = configuration.path { sheet.add("configuration", .whole(Cells.plain(path))) }
        sheet.add("watches", configuration.inboxes.flatMap(lines))
        let pace = "new files after \(configuration.settleInbox.spoken), all again every \(configuration.rescan.spoken)"
        sheet.add("", .text(pace, .dim))
        sheet.add("state", .whole(Cells.plain(configuration.run.state)))
        sheet.add("API", .whole(Cells.plain(configuration.run.baseURL)))
        sheet.add("limits", limits)
        if let daily = configuration.run.run.daily { sheet.add("each day", .text(text(daily))) }
        sheet.add("tells", configuration.notifications.flatMap(lines))
        sheet.add("web page", .text(configuration.http.map { "http://\(WebAddress.text($0))" } ?? "none"))
        sheet.add("log", .text("\(configuration.logLevel.rawValue), \(configuration.logFormat.rawValue)"))
        sheet.add("stop", .text("sees running jobs home, for at most \(configuration.run.run.drainTimeout.spoken)"))
        return sheet.lines(width: width, style: style) + ["", "the configuration is valid, and there is a key"]
    }

    private func lines(_ inbox: InboxSettings) -> [FactSheet.Line] {
        var lines = [FactSheet.Line.whole(Cells.plain(inbox.path)), .whole("  images to \(Cells.plain(inbox.output))")]
        func add(_ words: [String?]) {
            let words = words.compactMap { $0 }
            if !words.isEmpty { lines.append(.text("  \(words.joined(separator: ", "))")) }
        }
        add([
            inbox.mode.map { "mode 0\(String($0, radix: 8))" }, inbox.group.map { "group \(Cells.plain($0))" },
            inbox.priority.map { "priority at most \($0)" }, inbox.weight > 1 ? "weight \(inbox.weight)" : nil,
        ])
        let limits = inbox.limits
        let together = [limits.concurrency.map { "\($0) jobs at one time" }, limits.rate?.description].compactMap { $0 }
        if !together.isEmpty { add(["all its batches together: at most \(together.joined(separator: ", "))"]) }
        let each = [limits.maxJobs.map(images), limits.budget?.description].compactMap { $0 }
        if !each.isEmpty { add(["each batch: at most \(each.joined(separator: ", "))"]) }
        return lines
    }

    private func images(_ count: Int) -> String { "\(count.grouped) images" }

    private var limits: [FactSheet.Line] {
        let run = configuration.run.run
        let models = configuration.run.run.modelConcurrency.sorted { $0.key < $1.key }
        return [.text("\(run.concurrency.grouped) jobs at one time, \(run.rate)")]
            + models.map { .text("\(Cells.plain($0.key)): \($0.value.grouped) at one time") }
    }

    private func text(_ daily: DailyLimits) -> String {
        let limits = [daily.budget?.description, daily.maxJobs.map(images)].compactMap { $0 }
        let zone = daily.timeZone.map { " in \($0)" } ?? ""
        return "at most \(limits.joined(separator: ", ")), from midnight to midnight\(zone)"
    }

    private func lines(_ notification: NotificationSettings) -> [FactSheet.Line] {
        let who: String
        switch notification.target {
        case .command(let words): who = words.first ?? ""
        case .webhook(let url?, _, _, let format): who = "\(format.rawValue) to \(Self.host(url))"
        case .webhook(nil, let file, _, let format):
            who = "\(format.rawValue) to the address in \(file ?? "")"
        }
        let occasions = NotificationSettings.Occasion.allCases.filter(notification.occasions.contains).map { occasion in
            switch occasion {
            case .finished: "a batch is finished"
            case .failures: "more than \(notification.failureShare) % of a batch failed"
            case .gate: "nothing goes on"
            case .digest:
                "each day at \(BatchSettings.Schedule.Window.text(notification.digestMinute))"
                    + (notification.timeZone.map { " in \($0)" } ?? "")
            }
        }
        return [.whole(Cells.plain(who)), .text("  when \(occasions.joined(separator: "; "))")]
    }

    /// The rest of the address may be what keeps strangers out.
    private static func host(_ url: String) -> String {
        let rest = url.split(separator: "//", maxSplits: 1).last ?? ""
        return String(rest.prefix { !"/?#".contains($0) })
    }
}
