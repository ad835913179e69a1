internal import NightjarCore
internal import NightjarManifest

/// An entry of `inbox:` as it stands in the file.
struct InboxEntry: Sendable, Equatable {
    static let keys = [
        "path", "output", "priority", "weight", "concurrency", "rate", "max_jobs", "budget", "group", "mode",
    ]

    var path: PlacedText
    var output: PlacedText?
    var priority: Int?
    var weight: Int?
    var limits = BatchSettings.Limits()
    /// A name or a number.
    var group: PlacedText?
    var mode: UInt32?

    static let weights = 1...1000

    /// - Returns: `nil` where there is no path; what is wrong has been reported.
    init?(_ node: YAMLNode, sink: DiagnosticSink) {
        guard case .mapping = node.content else {
            guard let path = sink.path(of: node, key: "inbox") else { return nil }
            self.path = path
            return
        }
        guard let reader = MappingReader(node, place: "this inbox", sink: sink) else { return nil }
        reader.checkKeys(Self.keys, allowsExtensions: true)
        output = reader.path("output")
        priority = reader.integer("priority", in: BatchSettings.Schedule.priorities)
        weight = reader.integer("weight", in: Self.weights)
        limits = reader.limits()
        group = reader.scalar("group", expected: "the name or the number of a group").map {
            PlacedText(text: $0.text, place: FilePlace($0.node))
        }
        mode = Self.mode(reader)
        guard reader.has("path") else {
            sink.report("missing", "this inbox has no `path`", at: node)
            return nil
        }
        guard let path = reader.path("path") else { return nil }
        self.path = path
    }

    /// Permission bits in octal digits, however YAML would read them: `0640`, `640`, `"0640"`, `0o640`.
    private static func mode(_ reader: MappingReader) -> UInt32? {
        guard let (text, node) = reader.scalar("mode", expected: "permission bits such as `\"0640\"`") else {
            return nil
        }
        let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
        let isOctal = (3...4).contains(digits.utf8.count) && digits.utf8.allSatisfy { (0x30...0x37).contains($0) }
        guard isOctal, let mode = UInt32(digits, radix: 8) else {
            reader.sink.report(
                "value", "`mode` must be permission bits in octal digits, got \(node.described)", at: node,
                hint: "write `mode: \"0640\"`, say")
            return nil
        }
        guard mode <= 0o777 else {
            reader.sink.report(
                "value", "`mode` must be at most `0777`, got \(node.described)", at: node,
                hint: "the bits that set users and groups have no place on images")
            return nil
        }
        guard mode & 0o600 == 0o600 else {
            reader.sink.report(
                "value", "`mode` must let the owner read and write, got \(node.described)", at: node,
                hint: "nightjar reads its files again: write `mode: \"0640\"`, say")
            return nil
        }
        return mode
    }
}
