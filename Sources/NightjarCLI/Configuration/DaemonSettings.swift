internal import Logging
internal import NightjarDashboard

/// The daemon's settings of one value. Every command checks them: one file serves all.
struct DaemonSettings: Equatable, Sendable {
    /// How long a file that is being written in an inbox must stay as it is before it is read.
    var settleInbox: Duration = .seconds(2)
    /// How often the inboxes are looked through, whatever the kernel says.
    var rescan: Duration = .seconds(30)
    /// `nil`: no web page.
    var http: DashboardSettings? = DashboardSettings()
    var logLevel = Logger.Level.info

    static let logLevels: [Logger.Level] = [.trace, .debug, .info, .notice, .warning, .error]

    init(reading reader: inout SettingReader) {
        if let time = reader.duration(.settleInbox) { settleInbox = time }
        if let time = reader.duration(.rescan) { rescan = time }
        if let address = reader.webAddress() { http = address }
        if let level = reader.choice(.logLevel, Self.logLevels.map(\.rawValue)).flatMap({ Logger.Level(rawValue: $0) })
        {
            logLevel = level
        }
    }
}
