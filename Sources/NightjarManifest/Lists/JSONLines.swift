import YAMLStream

/// JSON Lines as items of one YAML list, since JSON is YAML: so values have places, and are bounded, like all others.
/// What only YAML allows is refused before.
///
/// One thing JSON has that YAML has not: characters beyond U+FFFF as two escapes (`\ud83d\ude00`). They become one.
final class JSONLines {
    /// What goes before each line.
    static let indent = 2

    private var lines: LineReader
    private var waiting: [UInt8] = []
    private var given = 0
    /// Why there are no more lines; told when those before have been read.
    private(set) var failure: LineReader.Failure?

    init(_ file: RegularFile) {
        lines = LineReader(file)
    }

    func parser() -> YAMLParser {
        YAMLParser(columnShift: Self.indent) { buffer in self.read(into: buffer) }
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        while failure == nil, given == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            given = 0
            do {
                guard let line = try lines.nextBytes() else { return 0 }
                try take(line)
            } catch {
                // The lines before are read to their end first.
                failure = error
                return 0
            }
        }
        guard failure == nil else { return 0 }
        let count = min(buffer.count, waiting.count - given)
        buffer.copyBytes(from: waiting[given..<(given + count)])
        given += count
        return count
    }

    private func take(_ line: ArraySlice<UInt8>) throws(LineReader.Failure) {
        let blanks: Set<UInt8> = [0x20, 0x09]
        if let first = line.first(where: { !blanks.contains($0) }) {
            guard first == UInt8(ascii: "{"), line.last(where: { !blanks.contains($0) }) == UInt8(ascii: "}") else {
                throw LineReader.Failure(
                    message: "a line must be one JSON object", line: lines.line,
                    hint: "write `{\"prompt\": \"…\"}`, each on a line of its own")
            }
            if let mistake = JSONSyntax.mistake(in: line) {
                let before = line.prefix(mistake.offset)
                throw LineReader.Failure(
                    message: mistake.message, line: lines.line, column: before.count { $0 & 0xC0 != 0x80 } + 1,
                    hint: mistake.hint)
            }
            waiting += Array("- ".utf8)
            waiting += Self.yaml(line)
        }
        waiting.append(0x0A)
    }

    /// Within a text of JSON these are characters like others; YAML takes them for ends of lines, unless they are escaped.
    private static func lineEnd(_ json: ArraySlice<UInt8>, at position: Int) -> String? {
        switch json[position...].prefix(3) {
        case let bytes where bytes.starts(with: [0xC2, 0x85]): "\\N"
        case [0xE2, 0x80, 0xA8]: "\\L"
        case [0xE2, 0x80, 0xA9]: "\\P"
        default: nil
        }
    }

    /// JSON as it is written in YAML, which has no blanks that are tabs, and no characters in two escapes.
    static func yaml(_ json: ArraySlice<UInt8>) -> [UInt8] {
        var yaml: [UInt8] = []
        yaml.reserveCapacity(json.count)
        var position = json.startIndex
        while position < json.endIndex {
            if json[position] == 0xC2 || json[position] == 0xE2, let lineEnd = lineEnd(json, at: position) {
                yaml += Array(lineEnd.utf8)
                position += json[position] == 0xC2 ? 2 : 3
                continue
            }
            guard json[position] == UInt8(ascii: "\\"), position + 1 < json.endIndex else {
                yaml.append(json[position] == 0x09 ? 0x20 : json[position])
                position += 1
                continue
            }
            if let high = JSONSyntax.escaped(json, at: position), (0xD800..<0xDC00).contains(high),
                let low = JSONSyntax.escaped(json, at: position + 6)
            {
                let scalar = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
                let digits = String(scalar, radix: 16)
                yaml += Array("\\U\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)".utf8)
                position += 12
            } else {
                yaml += json[position..<(position + 2)]
                position += 2
            }
        }
        return yaml
    }
}
