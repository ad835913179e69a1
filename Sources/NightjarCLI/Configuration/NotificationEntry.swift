internal import FoundationEssentials
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarManifest

/// An entry of `notify:` as it stands in the file.
struct NotificationEntry: Sendable, Equatable {
    static let keys = [
        "on", "command", "webhook", "url_file", "token_file", "format", "failure_share", "digest", "timezone",
    ]

    var settings: NotificationSettings
    /// Of a command.
    var program: PlacedText?
    /// Files that hold what is secret, by key.
    var files: [String: PlacedText] = [:]

    /// - Returns: `nil` where something is wrong with it, which has been reported.
    init?(_ node: YAMLNode, sink: DiagnosticSink) {
        guard let reader = MappingReader(node, place: "this entry of `notify`", sink: sink) else { return nil }
        reader.checkKeys(Self.keys, allowsExtensions: true)
        let occasions = Self.occasions(reader)
        for key in ["url_file", "token_file"] { files[key] = reader.path(key) }
        let target = Self.target(reader, files)
        settings = NotificationSettings(occasions: occasions ?? [], target: target ?? .command([]))
        if case .command(let words) = settings.target, let first = words.first, let node = reader.value("command") {
            program = PlacedText(text: first, place: FilePlace(Self.first(of: node)))
        }
        readDetails(reader, occasions)
        guard occasions != nil, target != nil else { return nil }
    }

    private static func occasions(_ reader: MappingReader) -> Set<NotificationSettings.Occasion>? {
        let known = NotificationSettings.Occasion.allCases.map(\.rawValue).joined(separator: ", ")
        guard let items = reader.list("on"), !items.isEmpty else {
            reader.sink.report(
                "missing", "this entry of `notify` does not say when", at: reader.value("on") ?? reader.node,
                hint: "write `on: [failures, gate]`, say; known are \(known)")
            return nil
        }
        return Set(items.compactMap { reader.sink.choice(of: $0, key: "on", NotificationSettings.Occasion.self) })
    }

    // MARK: Target

    private static func target(
        _ reader: MappingReader, _ files: [String: PlacedText]
    ) -> NotificationSettings.Target? {
        let given = ["command", "webhook", "url_file"].filter(reader.has)
        guard given.count == 1 else {
            let hint = "write `command: [PROGRAM, ARGUMENT]`, `webhook: URL` or `url_file: FILE`"
            if let second = given.dropFirst().first, let pair = reader.pair(second) {
                reader.sink.report(
                    "notify", "`\(given[0])` and `\(second)` exclude each other", at: pair.key,
                    hint: "make two entries of them",
                    notes: reader.pair(given[0]).map { [("`\(given[0])` is here", $0.key.start)] } ?? [])
            } else {
                reader.sink.report("missing", "this entry of `notify` does not say how", at: reader.node, hint: hint)
            }
            return nil
        }
        if given[0] == "command" { return command(reader) }
        let format = reader.choice("format", NotificationSettings.Format.self) ?? .json
        let token = files["token_file"]?.text
        if given[0] == "url_file" {
            return files["url_file"].map { .webhook(url: nil, urlFile: $0.text, tokenFile: token, format: format) }
        }
        return webhook(reader).map { .webhook(url: $0, urlFile: nil, tokenFile: token, format: format) }
    }

    private static func command(_ reader: MappingReader) -> NotificationSettings.Target? {
        for key in ["format", "token_file"] {
            guard let pair = reader.pair(key) else { continue }
            reader.sink.report("notify", "`\(key)` belongs to a webhook, and this is a command", at: pair.key)
        }
        guard let node = reader.value("command"), let items = reader.list("command") else { return nil }
        let words = items.compactMap { reader.sink.text(of: $0, key: "command") }
        guard words.count == items.count else { return nil }
        guard let program = words.first, !program.isEmpty else {
            reader.sink.report(
                "value", "`command` names no program", at: node, hint: "write `command: [PROGRAM, ARGUMENT]`")
            return nil
        }
        if case .scalar = node.content, program.contains(where: \.isWhitespace) {
            reader.sink.report(
                "value", "`command` is run without a shell, which would take it apart into words", at: node,
                hint: "write a list of words: `command: [PROGRAM, ARGUMENT]`")
            return nil
        }
        return .command(words)
    }

    private static func first(of node: YAMLNode) -> YAMLNode {
        if case .sequence(let items) = node.content, let first = items.first { return first }
        return node
    }

    /// The address, which may lie open in the file. What is wrong is said without it.
    private static func webhook(_ reader: MappingReader) -> String? {
        guard let (text, node) = reader.scalar("webhook", expected: "an address such as `https://ntfy.sh/TOPIC`")
        else { return nil }
        guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
            let host = url.host?.lowercased(), !host.isEmpty, (1...65_535).contains(url.port ?? 443)
        else {
            reader.sink.report(
                "value", "`webhook` must be an address such as `https://ntfy.sh/TOPIC`", at: node)
            return nil
        }
        guard let reason = secret(in: url, host: host) else { return text }
        reader.sink.report(
            "secret", "`webhook` holds what should be secret: \(reason)", at: node,
            hint: "put the address alone into a file that only the daemon can read, and name that with `url_file: FILE`"
        )
        return nil
    }

    /// Services whose addresses are the secret themselves: the host, or the end of it, and how the path begins.
    private static let secretAddresses = [
        ("hooks.slack.com", "/"), ("discord.com", "/api/webhooks"), ("discordapp.com", "/api/webhooks"),
        ("webhook.office.com", "/"), ("api.telegram.org", "/"),
    ]
    private static let secretNames = ["token", "key", "secret", "auth", "pass", "pwd", "sig", "credential", "code"]

    private static func secret(in url: URLComponents, host: String) -> String? {
        if url.user != nil || url.password != nil { return "a user" }
        for (name, path) in secretAddresses
        where (host == name || host.hasSuffix("." + name)) && (url.path.isEmpty ? "/" : url.path).hasPrefix(path) {
            return "whoever knows an address of \(name) can write there"
        }
        for item in url.queryItems ?? [] {
            let name = item.name.lowercased()
            // A long word without blanks, with letters and digits: what people do not write themselves.
            let value = item.value ?? ""
            let looksRandom =
                value.utf8.count >= 16 && value.contains(where: \.isNumber) && value.contains(where: \.isLetter)
                && !value.contains(where: \.isWhitespace)
            if secretNames.contains(where: name.contains) || looksRandom { return "a query that looks like a token" }
        }
        return nil
    }

    // MARK: Details

    private mutating func readDetails(_ reader: MappingReader, _ occasions: Set<NotificationSettings.Occasion>?) {
        if let share = reader.integer("failure_share", in: 0...100) { settings.failureShare = share }
        if let (minute, _) = reader.parsed(
            "digest", expected: "a time of the day", example: "\"08:00\"", BatchSettings.Schedule.Window.minute(ofDay:))
        {
            settings.digestMinute = minute
        }
        settings.timeZone = reader.clock("timezone", code: "value")?.name
        let needs: [(key: String, occasion: NotificationSettings.Occasion)] = [
            ("failure_share", .failures), ("digest", .digest), ("timezone", .digest),
        ]
        for (key, occasion) in needs {
            guard let occasions, !occasions.contains(occasion), let pair = reader.pair(key) else { continue }
            reader.sink.report(
                "notify", "`\(key)` has no effect without `\(occasion.rawValue)` in `on`", at: pair.key)
        }
    }
}
