/// The records of a CSV file (RFC 4180): commas, double quotes around what holds commas, quotes or line ends.
struct CSVReader {
    struct Field {
        var text: String
        /// From 1.
        var line: Int
        /// From 1, in Unicode scalars.
        var column: Int
        var isQuoted: Bool
    }

    private var lines: LineReader

    init(_ file: RegularFile) {
        lines = LineReader(file)
    }

    /// The next record; lines with nothing on them are passed over.
    /// - Returns: `nil` at the end.
    mutating func next() throws(LineReader.Failure) -> [Field]? {
        while let line = try lines.nextBytes() {
            if line.isEmpty { continue }
            return try record(Array(line))
        }
        return nil
    }

    private mutating func record(_ first: [UInt8]) throws(LineReader.Failure) -> [Field] {
        var bytes = first
        var number = lines.line
        var position = 0
        /// Where the present line begins, in `bytes`.
        var lineStart = 0
        var fields: [Field] = []
        while true {
            let start = position
            var value: [UInt8] = []
            let column = scalars(bytes[lineStart..<start]) + 1
            let line = number
            let isQuoted = position < bytes.count && bytes[position] == UInt8(ascii: "\"")
            if isQuoted {
                position += 1
                while true {
                    if position == bytes.count {
                        guard value.count < Schema.longestLine, let more = try lines.nextBytes() else {
                            throw LineReader.Failure(
                                message: "a quotation mark opens here and is never closed", line: line, column: column)
                        }
                        guard bytes.count < 4 * Schema.longestLine else {
                            throw LineReader.Failure(
                                message: "the row is longer than \(4 * Schema.longestLine) bytes", line: line)
                        }
                        bytes.append(0x0A)
                        value.append(0x0A)
                        position += 1
                        lineStart = position
                        number = lines.line
                        bytes += more
                    } else if bytes[position] != UInt8(ascii: "\"") {
                        value.append(bytes[position])
                        position += 1
                    } else if position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "\"") {
                        value.append(UInt8(ascii: "\""))
                        position += 2
                    } else {
                        position += 1
                        break
                    }
                }
                guard position == bytes.count || bytes[position] == UInt8(ascii: ",") else {
                    throw LineReader.Failure(
                        message: "expected `,` after the closing quotation mark", line: number,
                        column: scalars(bytes[lineStart..<position]) + 1,
                        hint: "a quotation mark within quotes is written twice: `\"\"`")
                }
            } else {
                while position < bytes.count, bytes[position] != UInt8(ascii: ",") { position += 1 }
                value = Array(bytes[start..<position])
            }
            guard let text = String(validating: value, as: UTF8.self) else {
                throw LineReader.Failure(
                    message: "the value is not UTF-8", line: line, column: column, hint: "save the file as UTF-8")
            }
            guard fields.count < Schema.mostColumns else {
                throw LineReader.Failure(message: "the line has more than \(Schema.mostColumns) values", line: line)
            }
            fields.append(Field(text: text, line: line, column: column, isQuoted: isQuoted))
            if position == bytes.count { return fields }
            position += 1
        }
    }

    private func scalars(_ bytes: ArraySlice<UInt8>) -> Int { bytes.count { $0 & 0xC0 != 0x80 } }
}
