import YAMLStream

/// JSON Lines as items of one YAML list, since JSON is YAML: so values have places, and are bounded, like all others.
///
/// One thing JSON has that YAML has not: characters beyond U+FFFF as two escapes (`\ud83d\ude00`). They become one.
final class JSONLines {
    /// What goes before each line.
    static let indent = 2

    private var lines: LineReader
    private var waiting: [UInt8] = []
    private var given = 0
    private(set) var failure: LineReader.Failure?

    init(_ file: RegularFile) {
        lines = LineReader(file)
    }

    func parser() -> YAMLParser {
        YAMLParser(columnShift: Self.indent) { buffer in try self.read(into: buffer) }
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while given == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            given = 0
            do {
                guard let line = try lines.nextBytes() else { return 0 }
                try take(line)
            } catch {
                failure = error
                throw error
            }
        }
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
            waiting += Array("- ".utf8)
            appendJoined(line)
        }
        waiting.append(0x0A)
    }

    private func appendJoined(_ line: ArraySlice<UInt8>) {
        var position = line.startIndex
        while position < line.endIndex {
            // A tab between values is a blank in JSON; YAML is stricter.
            guard line[position] == UInt8(ascii: "\\"), position + 1 < line.endIndex else {
                waiting.append(line[position] == 0x09 ? 0x20 : line[position])
                position += 1
                continue
            }
            if let high = escape(line, at: position), (0xD800..<0xDC00).contains(high),
                let low = escape(line, at: position + 6), (0xDC00..<0xE000).contains(low)
            {
                let scalar = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
                let digits = String(scalar, radix: 16)
                waiting += Array("\\U\(String(repeating: "0", count: 8 - digits.utf8.count))\(digits)".utf8)
                position += 12
            } else {
                waiting += line[position..<(position + 2)]
                position += 2
            }
        }
    }

    /// The value of an escape: a backslash, `u`, and four hexadecimal digits.
    private func escape(_ line: ArraySlice<UInt8>, at position: Int) -> UInt32? {
        guard position + 6 <= line.endIndex, line[position] == UInt8(ascii: "\\"),
            line[position + 1] == UInt8(ascii: "u")
        else { return nil }
        return UInt32(String(decoding: line[(position + 2)..<(position + 6)], as: UTF8.self), radix: 16)
    }
}
