internal import NightjarCore
internal import NightjarManifest
internal import YAMLStream

/// Where something stands in the configuration file.
struct FilePlace: Sendable, Equatable {
    let start: YAMLMark
    /// Unicode scalars to underline.
    let length: Int

    init(_ node: YAMLNode) {
        start = node.start
        length = node.lengthOnLine
    }
}

/// A text of the configuration file, with where it stands.
struct PlacedText: Sendable, Equatable {
    var text: String
    let place: FilePlace
}

extension DiagnosticSink {
    /// Reports something at a place that was remembered.
    func report(
        _ code: String, _ message: String, at place: FilePlace, hint: String? = nil,
        notes: [(String, FilePlace)] = [], severity: Diagnostic.Severity = .error
    ) {
        report(
            code, message, at: place.start, length: place.length, hint: hint,
            notes: notes.map { ($0.0, $0.1.start) }, severity: severity)
    }

    /// A path, not empty.
    func path(of node: YAMLNode, key: String) -> PlacedText? {
        guard let text = text(of: node, key: key) else { return nil }
        let place = FilePlace(node)
        guard !text.isEmpty, !text.contains("\0") else {
            report("value", "`\(key)` must be a path, got \(node.described)", at: place)
            return nil
        }
        guard text != "~", !text.hasPrefix("~/") else {
            report(
                "value", "`\(key)`: `~` does not stand for a home folder here", at: place, hint: "write the whole path")
            return nil
        }
        return PlacedText(text: FolderName.withoutSlash(text), place: place)
    }
}

extension MappingReader {
    /// A path, not empty.
    func path(_ key: String) -> PlacedText? {
        value(key).flatMap { sink.path(of: $0, key: key) }
    }

    /// The keys, in the order of the file, of a mapping whose keys are free.
    var names: [String] {
        guard case .mapping(let pairs) = node.content else { return [] }
        return pairs.map(\.name)
    }

    /// One of few words.
    func choice<Value: RawRepresentable & CaseIterable>(_ key: String, _ type: Value.Type) -> Value?
    where Value.RawValue == String {
        value(key).flatMap { sink.choice(of: $0, key: key, type) }
    }
}

extension DiagnosticSink {
    /// One of few words.
    func choice<Value: RawRepresentable & CaseIterable>(of node: YAMLNode, key: String, _ type: Value.Type) -> Value?
    where Value.RawValue == String {
        if case .invalid = node.content { return nil }
        if let value = node.text.flatMap(Value.init(rawValue:)) { return value }
        let known = type.allCases.map(\.rawValue)
        report(
            "value", "`\(key)` must be one of \(known.joined(separator: ", ")), got \(node.described)", at: node,
            hint: node.text.flatMap { nearest(to: $0, among: known) }.map { "did you mean `\($0)`?" })
        return nil
    }
}
