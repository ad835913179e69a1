internal import FoundationEssentials
internal import NightjarCore

/// A notification as a webhook takes it.
struct NotificationMessage: Equatable {
    var headers: [(name: String, value: String)]
    var body: String

    static func == (left: Self, right: Self) -> Bool {
        left.body == right.body && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    init(_ notification: Notification, as format: NotificationSettings.Format) {
        switch format {
        case .json:
            headers = [("Content-Type", "application/json")]
            body = notification.json.text
        case .ntfy:
            headers = [
                ("Content-Type", "text/plain; charset=utf-8"), ("Title", Self.headerText(notification.title)),
                ("Priority", notification.isUrgent ? "high" : notification.occasion == .digest ? "low" : "default"),
                ("Tags", Self.tag(notification)),
            ]
            body = Self.cut(notification.text, to: Self.mostNtfyBytes)
        case .slack:
            headers = [("Content-Type", "application/json")]
            var line = JSONWriter()
            line.add("text", "*\(Self.escaped(notification.title))*\n\(Self.escaped(notification.text))")
            body = line.text
        }
    }

    /// More becomes an attachment at ntfy.sh.
    private static let mostNtfyBytes = 4000

    /// The names of emoji that ntfy shows before the title.
    private static func tag(_ notification: Notification) -> String {
        switch notification.occasion {
        case .finished: notification.isUrgent ? "warning" : "white_check_mark"
        case .failures: "warning"
        case .gate: "no_entry"
        case .digest: "bar_chart"
        }
    }

    /// One line of ASCII; all else as RFC 2047 has it, which ntfy reads.
    private static func headerText(_ text: String) -> String {
        let line = cut(
            String(
                String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 })),
            to: 250)
        guard !line.utf8.allSatisfy({ $0 < 0x80 }) else { return line }
        return "=?UTF-8?B?\(Data(line.utf8).base64EncodedString())?="
    }

    /// Slack reads `<!channel>` and the like in a text, and calls everybody.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private static func cut(_ text: String, to bytes: Int) -> String {
        guard text.utf8.count > bytes else { return text }
        var kept = ""
        for character in text {
            if kept.utf8.count + String(character).utf8.count > bytes - 3 { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
