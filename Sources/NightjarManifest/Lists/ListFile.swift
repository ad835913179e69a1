import NightjarCore
import YAMLStream

/// A list in a file of its own: of prompts, or of an axis' values.
struct ListFile {
    enum Format: String, CaseIterable {
        case txt, csv, jsonl
    }

    /// One row, by the format of the file.
    enum Row {
        case line(String, line: Int)
        /// As many fields as the header has.
        case record([CSVReader.Field], header: [String])
        /// A mapping.
        case object(YAMLNode)
    }

    /// As the manifest names it.
    let name: String
    let format: Format
    let file: RegularFile

    /// Opens the list that `node` names. What is wrong with that is reported where the manifest names it.
    init?(_ name: String, at node: YAMLNode, in folder: ManifestFolder, sink: DiagnosticSink) {
        let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        guard let format = Format(rawValue: ending == "ndjson" ? "jsonl" : ending), name.contains(".") else {
            sink.report(
                "list", "a list must be a `.txt`, `.csv` or `.jsonl` file, got \(DisplayText.quoted(name))", at: node)
            return nil
        }
        self.name = name
        self.format = format
        do {
            file = try folder.open(name)
        } catch {
            func report() {
                sink.report(
                    "unreadable-list", "\(DisplayText.quoted(name)) cannot be read: \(error)", at: node,
                    hint: folder.hint(for: name))
            }
            if error.isMissing { sink.reportMissingFile(report) } else { report() }
            return nil
        }
    }

    /// Calls `body` for each row. What is wrong with the file is reported to `sink`, which is that of this file.
    /// - Parameter keepsComments: In a `.txt` file, a line that begins with `#` is a row like any other.
    func forEachRow(sink: DiagnosticSink, keepsComments: Bool = false, _ body: (Row) throws -> Void) throws {
        do {
            switch format {
            case .txt: try readLines(keepsComments: keepsComments, body)
            case .csv: try readRecords(sink: sink, body)
            case .jsonl: try readObjects(sink: sink, body)
            }
        } catch let failure as LineReader.Failure {
            sink.report(failure)
        }
    }

    private func readLines(keepsComments: Bool, _ body: (Row) throws -> Void) throws {
        var lines = LineReader(file)
        while let text = try lines.next() {
            guard let first = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else { continue }
            if first == "#", !keepsComments { continue }
            try body(.line(text, line: lines.line))
        }
    }

    private func readRecords(sink: DiagnosticSink, _ body: (Row) throws -> Void) throws {
        var records = CSVReader(file)
        guard let first = try records.next() else {
            throw LineReader.Failure(
                message: "the file is empty: a `.csv` begins with the names of its columns", line: 1)
        }
        var header: [String] = []
        for field in first {
            let name = field.text.trimmed()
            if name.isEmpty || header.contains(name) {
                throw LineReader.Failure(
                    message: name.isEmpty
                        ? "a column has no name" : "two columns are called \(DisplayText.quoted(name))",
                    line: field.line, column: field.column)
            }
            header.append(name)
        }
        while let fields = try records.next() {
            guard fields.count == header.count else {
                sink.report(
                    "columns", "this row has \(fields.count) values, the header \(header.count)",
                    at: YAMLMark(line: fields[0].line, column: 1, offset: fields[0].line),
                    hint: "put values that hold a comma in double quotes")
                continue
            }
            try body(.record(fields, header: header))
        }
    }

    private func readObjects(sink: DiagnosticSink, _ body: (Row) throws -> Void) throws {
        let lines = JSONLines(file)
        let reader = NodeReader(lines.parser(), sink: sink)
        do {
            while let event = try reader.next() {
                switch event.kind {
                case .mappingStart: try body(.object(try reader.node(from: event)))
                case .documentStart, .documentEnd, .sequenceStart, .sequenceEnd, .mappingEnd, .scalar, .alias: break
                }
            }
        } catch let error as YAMLError {
            sink.report(error)
        }
        if let failure = lines.failure { throw failure }
    }
}

extension DiagnosticSink {
    func report(_ failure: LineReader.Failure) {
        report(
            failure.isUnreadable ? "unreadable" : "list", failure.message,
            at: YAMLMark(line: failure.line, column: failure.column, offset: failure.line), hint: failure.hint)
    }
}
