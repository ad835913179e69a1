import NightjarCore
import YAMLStream

/// Reads `matrix` and `exclude`.
struct MatrixReader {
    private let context: ManifestContext
    private var sink: DiagnosticSink { context.sink }
    private(set) var axes: [Matrix.Axis] = []
    /// Where the axes stand.
    private(set) var keys: [YAMLNode] = []
    /// Of the files that values were read from.
    private(set) var digests: [String] = []
    private var values = 0
    private var hasMistakes = false

    init(_ context: ManifestContext) {
        self.context = context
    }

    /// - Returns: `nil` when something is wrong, which has been reported.
    mutating func matrix(_ node: YAMLNode?, exclude: YAMLNode?) -> Matrix? {
        guard let node else {
            if let exclude {
                sink.report(
                    "exclude", "`exclude` leaves out combinations of `matrix`, and there is none", at: exclude)
                return nil
            }
            return Matrix.none
        }
        guard let reader = MappingReader(node, place: "`matrix`", sink: sink) else { return nil }
        for pair in reader.entries where !pair.name.hasPrefix("x-") { readAxis(pair) }
        if reader.entries.isEmpty {
            sink.report("empty", "`matrix` has no axes", at: node, hint: "write `matrix: {style: [ink, oil]}`")
            return nil
        }
        guard !hasMistakes else { return nil }
        let exclusions = exclude.flatMap { self.exclusions($0) } ?? []
        guard !hasMistakes else { return nil }
        guard Matrix.isTractable(values: values, exclusions: exclusions.count) else {
            sink.report(
                "limit", "\(exclusions.count) exclusions are too many for \(values) values", at: exclude ?? node)
            return nil
        }
        let matrix = Matrix(axes: axes, exclusions: exclusions)
        if matrix.count == nil {
            sink.report(
                "limit", "the exclusions overlap in too many ways to be counted", at: exclude ?? node,
                hint: "name fewer axes in each, or make several batches")
        }
        return matrix.count == nil ? nil : matrix
    }

    // MARK: Axes

    private mutating func readAxis(_ pair: YAMLNode.Pair) {
        let before = sink.errorCount
        if let axis = axis(pair) {
            axes.append(axis)
            keys.append(pair.key)
        }
        // An axis that cannot be used leaves its mistake; what would follow from it is not reported besides.
        if sink.errorCount > before || axes.last?.name != pair.name { hasMistakes = true }
        if axes.count > Schema.mostAxes {
            sink.report("limit", "more than \(Schema.mostAxes) axes", at: pair.key)
            hasMistakes = true
        }
    }

    private mutating func axis(_ pair: YAMLNode.Pair) -> Matrix.Axis? {
        guard Self.isName(pair.name) else {
            sink.report(
                "axis", "an axis must be called by letters, digits, `_` and `-`, got \(DisplayText.quoted(pair.name))",
                at: pair.key)
            return nil
        }
        guard !Schema.reservedAxes.contains(pair.name) else {
            sink.report(
                "axis", "`\(pair.name)` cannot be an axis", at: pair.key,
                hint: pair.name == "seed"
                    ? "write `seeds:` at the top" : pair.name == "prompt" ? "prompts go into `prompts`" : nil)
            return nil
        }
        let found: [Value]
        switch pair.value.content {
        case .invalid: return nil
        case .sequence(let items): found = items.compactMap { value($0, of: pair.name) }
        case .mapping: found = list(pair.value, axis: pair.name) ?? []
        case .scalar:
            sink.report(
                "type", "the axis `\(pair.name)` must be a list of values or `{file: …}`, got \(pair.value.described)",
                at: pair.value, hint: "write `\(pair.name): [\(DisplayText.neutral(pair.value.text ?? ""))]`")
            return nil
        }
        if found.isEmpty, !hasReported(pair.value) {
            sink.report("empty", "the axis `\(pair.name)` has no values: the batch has no jobs", at: pair.value)
        }
        values += found.count
        guard values <= Schema.mostAxisValues else {
            sink.report("limit", "the axes have more than \(Schema.mostAxisValues) values", at: pair.key)
            return nil
        }
        return axis(pair.name, found)
    }

    private func hasReported(_ node: YAMLNode) -> Bool {
        if case .sequence(let items) = node.content { return !items.isEmpty }
        return context.hasErrors
    }

    private struct Value {
        var text: String
        var mark: YAMLMark
        var length: Int
        var sink: DiagnosticSink
        var isOfFile = false
    }

    private mutating func value(_ node: YAMLNode, of axis: String) -> Value? {
        guard let text = node.text, node.scalarType != .null else {
            if case .invalid = node.content { return nil }
            sink.report(
                "type", "a value of the axis `\(axis)` must be text or a number, got \(node.described)", at: node,
                hint: node.text == nil ? nil : "write `\"\"` for an empty one")
            return nil
        }
        return Value(text: text, mark: node.start, length: node.lengthOnLine, sink: sink)
    }

    /// No value twice, and each fit for the field that the axis sets. Numbers for fields are told apart, and called, by
    /// their value: `4` and `4.0` are one.
    private mutating func axis(_ name: String, _ values: [Value]) -> Matrix.Axis? {
        var axis = Matrix.Axis(name: name, values: [])
        var seen: [String: YAMLMark] = [:]
        var fields: [RequestFields]? = Schema.parameters.contains(name) ? [] : nil
        for value in values {
            var text = value.text
            if fields != nil {
                do throws(RequestFields.Unfit) {
                    var set = RequestFields()
                    try set.set(name, to: text)
                    text = set.number(name) ?? text
                    if seen[text] == nil { fields?.append(set) }
                } catch {
                    value.sink.report("type", error.message, at: value.mark, length: value.length)
                    hasMistakes = true
                    continue
                }
            }
            if let first = seen[text] {
                value.sink.report(
                    "duplicate-value",
                    "the axis `\(name)` has \(DisplayText.quoted(text)) twice"
                        + (text == value.text ? "" : ", here as \(DisplayText.quoted(value.text))")
                        + (value.isOfFile ? "; it counts once" : ""),
                    at: value.mark, length: value.length, notes: [("first given here", first)],
                    severity: value.isOfFile ? .warning : .error)
                continue
            }
            seen[text] = value.mark
            axis.values.append(text)
        }
        axis.fields = fields
        return axis
    }

    private mutating func list(_ node: YAMLNode, axis: String) -> [Value]? {
        guard let reader = MappingReader(node, place: "the axis `\(axis)`", sink: sink) else { return nil }
        let meant = reader.checkKeys(Schema.list)
        guard let (name, place) = reader.text("file") else {
            if !reader.has("file"), !meant.contains("file") {
                sink.report("missing", "the axis `\(axis)` needs `file`", at: node, hint: "write `{file: \(axis).txt}`")
            }
            return nil
        }
        let column = reader.text("column")?.value
        guard let list = ListFile(name, at: place, in: context.folder, sink: sink) else { return nil }
        guard column != nil || list.format == .txt else {
            if meant.contains("column") { return nil }
            sink.report(
                "missing", "a `.\(list.format.rawValue)` needs `column`: which of its columns holds the values",
                at: node,
                hint: "write `{file: \(DisplayText.neutral(name)), column: …}`")
            return nil
        }
        if column != nil, list.format == .txt {
            sink.report("column", "a `.txt` has no columns: each line is a value", at: reader.value("column") ?? node)
            return nil
        }
        let ofList = context.sink(forList: name)
        var values: [Value] = []
        var isMissing = false
        do {
            try list.forEachRow(sink: ofList) { row in
                guard values.count <= Schema.mostAxisValues, !isMissing else { return }
                if let value = Self.value(of: row, column: column ?? "", sink: ofList, isMissing: &isMissing) {
                    values.append(value)
                }
            }
            digests.append(try list.file.digest())
        } catch {
            ofList.report("unreadable", "\(error)", at: YAMLMark(line: 1, column: 1, offset: 0))
        }
        if isMissing || ofList.hasErrors { hasMistakes = true }
        if values.isEmpty, !isMissing, !ofList.hasErrors {
            sink.report("empty", "\(DisplayText.quoted(name)) holds no values: the batch has no jobs", at: place)
            hasMistakes = true
        }
        return values
    }

    private static func value(
        of row: ListFile.Row, column: String, sink: DiagnosticSink, isMissing: inout Bool
    ) -> Value? {
        switch row {
        case .line(let text, let line):
            return Value(
                text: text.trimmed(), mark: YAMLMark(line: line, column: 1, offset: line),
                length: text.unicodeScalars.count, sink: sink, isOfFile: true)
        case .record(let fields, let header):
            guard let place = header.firstIndex(of: column) else {
                isMissing = true
                reportColumn(column, header, sink: sink)
                return nil
            }
            let field = fields[place]
            return Value(
                text: field.text, mark: YAMLMark(line: field.line, column: field.column, offset: field.line),
                length: field.text.unicodeScalars.count, sink: sink, isOfFile: true)
        case .object(let node):
            guard case .mapping(let pairs) = node.content else { return nil }
            guard let pair = pairs.first(where: { $0.name == column }), let text = pair.value.text,
                pair.value.scalarType != .null
            else {
                sink.report(
                    "missing", "this row has no text or number in \(DisplayText.quoted(column))", at: node,
                    hint: nearest(to: column, among: pairs.map(\.name)).map { "did you mean `column: \($0)`?" })
                return nil
            }
            return Value(
                text: text, mark: pair.value.start, length: pair.value.lengthOnLine, sink: sink, isOfFile: true)
        }
    }

    static func reportColumn(_ column: String, _ header: [String], sink: DiagnosticSink) {
        sink.report(
            "column", "there is no column \(DisplayText.quoted(column))", at: YAMLMark(line: 1, column: 1, offset: 0),
            hint: otherSeparator(header).map { "the columns of a `.csv` are separated by commas, those here by \($0)" }
                ?? nearest(to: column, among: header).map { "did you mean `\($0)`?" }
                ?? "there are \(header.prefix(10).joined(separator: ", "))")
    }

    /// What seems to separate the columns of a table, where that is no comma.
    private static func otherSeparator(_ header: [String]) -> String? {
        guard header.count == 1, let name = header.first else { return nil }
        return name.contains(";") ? "semicolons" : name.contains("\t") ? "tabs" : nil
    }

    static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first) || first == UInt8(ascii: "_"), name.utf8.count <= 100 else {
            return false
        }
        return name.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") || $0 == 0x2D }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    // MARK: Exclusions

    private mutating func exclusions(_ node: YAMLNode) -> [[Int: Set<Int>]]? {
        if case .invalid = node.content { return nil }
        guard case .sequence(let items) = node.content else {
            sink.report(
                "type", "`exclude` must be a list of mappings, got \(node.described)", at: node,
                hint: "write `exclude: [{\(axes.first?.name ?? "style"): …}]`")
            hasMistakes = true
            return nil
        }
        guard items.count <= Schema.mostExclusions else {
            sink.report("limit", "more than \(Schema.mostExclusions) exclusions", at: node)
            hasMistakes = true
            return nil
        }
        // Looked up by text, since axes may be long.
        let places = axes.map { axis in
            Dictionary(uniqueKeysWithValues: axis.values.enumerated().map { ($0.element, $0.offset) })
        }
        var exclusions: [[Int: Set<Int>]] = []
        for item in items {
            guard let reader = MappingReader(item, place: "an exclusion", sink: sink) else { continue }
            var exclusion: [Int: Set<Int>] = [:]
            for pair in reader.entries {
                guard let axis = axes.firstIndex(where: { $0.name == pair.name }) else {
                    let names = axes.map(\.name)
                    sink.report(
                        "exclude", "there is no axis \(DisplayText.quoted(pair.name))", at: pair.key,
                        hint: nearest(to: pair.name, among: names).map { "did you mean `\($0)`?" }
                            ?? "the axes are \(names.joined(separator: ", "))")
                    hasMistakes = true
                    continue
                }
                exclusion[axis] = excluded(pair.value, axis, places[axis])
            }
            if reader.entries.isEmpty {
                sink.report("exclude", "an exclusion names no axis: it would leave out everything", at: item)
                hasMistakes = true
            }
            exclusions.append(exclusion)
        }
        return exclusions
    }

    /// What a value is called in its axis.
    private static func name(of text: String, _ axis: Matrix.Axis) -> String {
        guard axis.fields != nil else { return text }
        var set = RequestFields()
        try? set.set(axis.name, to: text)
        return set.number(axis.name) ?? text
    }

    private mutating func excluded(_ node: YAMLNode, _ axis: Int, _ places: [String: Int]) -> Set<Int> {
        let nodes: [YAMLNode] =
            if case .sequence(let items) = node.content { items } else { [node] }
        var excluded: Set<Int> = []
        if nodes.isEmpty {
            sink.report("exclude", "an empty list leaves out nothing", at: node, hint: "name the values to leave out")
            hasMistakes = true
        }
        for node in nodes {
            if case .invalid = node.content { continue }
            guard let text = node.text, let place = places[Self.name(of: text, axes[axis])] else {
                hasMistakes = true
                let known = axes[axis].values
                let near = node.text.flatMap { nearest(to: $0, among: known.prefix(10_000)) }
                sink.report(
                    "exclude", "the axis `\(axes[axis].name)` has no value \(node.described)", at: node,
                    hint: near.map { "did you mean `\(DisplayText.neutral($0))`?" })
                continue
            }
            excluded.insert(place)
        }
        return excluded
    }
}
