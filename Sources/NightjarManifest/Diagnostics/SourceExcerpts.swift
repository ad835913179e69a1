import YAMLStream

/// Reads the lines that diagnostics point at, in one more pass over the file. Lines may be as long as the file.
enum SourceExcerpts {
    /// Unicode scalars shown before the column, and in all.
    private static let lead = 120
    private static let width = 400
    /// How much of a scalar is searched for the place of a piece of it.
    private static let searched = 65_536

    /// - Parameter file: Opens the file anew.
    static func fill(_ findings: [DiagnosticSink.Finding], of file: () -> RegularFile?) -> [Diagnostic] {
        var diagnostics = locate(findings, in: file)
        diagnostics.sort { ($0.line, $0.column) < ($1.line, $1.column) }
        let starts = diagnostics.map { max(1, $0.column - lead) }
        let requests = diagnostics.indices.map {
            Request(line: diagnostics[$0].line, column: starts[$0], count: width, staysOnLine: true)
        }
        let lines = read(requests, from: file)
        for place in diagnostics.indices where lines[place] != nil {
            diagnostics[place].sourceLine = lines[place]
            diagnostics[place].sourceStart = starts[place]
        }
        return diagnostics
    }

    /// Moves the diagnostics whose place is known only roughly to where the piece stands in the file.
    private static func locate(
        _ findings: [DiagnosticSink.Finding], in file: () -> RegularFile?
    ) -> [Diagnostic] {
        let rough = findings.indices.filter { findings[$0].search != nil }
        let requests = rough.map { place in
            let mark = findings[place].mark
            let end = findings[place].search?.end.offset ?? mark.offset
            return Request(
                line: mark.line, column: mark.column, count: min(end - mark.offset, searched), staysOnLine: false)
        }
        var diagnostics = findings.map(\.diagnostic)
        for (place, text) in zip(rough, requests.isEmpty ? [] : read(requests, from: file)) {
            guard let text, let search = findings[place].search,
                let offset = offset(of: search, in: Array(text.unicodeScalars))
            else { continue }
            var (line, column) = (diagnostics[place].line, diagnostics[place].column)
            var previous: Unicode.Scalar = " "
            for scalar in text.unicodeScalars.prefix(offset) {
                if isBreak(scalar) {
                    if !(scalar == "\n" && previous == "\r") { line += 1 }
                    column = 1
                } else {
                    column += 1
                }
                previous = scalar
            }
            diagnostics[place].line = line
            diagnostics[place].column = column
            diagnostics[place].length = search.text.unicodeScalars.count
        }
        return diagnostics
    }

    private static func offset(of search: DiagnosticSink.Search, in text: [Unicode.Scalar]) -> Int? {
        let wanted = Array(search.text.unicodeScalars)
        var start = 0
        if search.skipsFirstLine { start = (text.firstIndex(where: isBreak) ?? 0) + 1 }
        guard !wanted.isEmpty, start + wanted.count <= text.count else { return nil }
        return (start...(text.count - wanted.count)).first { text[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    private struct Request {
        var line: Int
        var column: Int
        /// Unicode scalars at most.
        var count: Int
        var staysOnLine: Bool
    }

    /// - Returns: One text a request; `nil` where the file has no such line any more.
    private static func read(_ requests: [Request], from file: () -> RegularFile?) -> [String?] {
        var collected: [[UInt8]?] = requests.map { _ in nil }
        let order = requests.indices.sorted {
            (requests[$0].line, requests[$0].column) < (requests[$1].line, requests[$1].column)
        }
        var waiting = order[...]
        var active: [(place: Int, left: Int)] = []
        var lines = LineCounter()
        guard let source = file() else { return requests.map { _ in nil } }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var isFirst = true
        while !waiting.isEmpty || !active.isEmpty, let count = try? source.read(into: &buffer), count > 0 {
            var skipped = 0
            if isFirst, buffer[..<count].starts(with: [0xEF, 0xBB, 0xBF]) { skipped = 3 }
            isFirst = false
            for byte in buffer[skipped..<count] {
                if !lines.isWithinCharacter(byte) {
                    active.removeAll { $0.left == 0 }
                    while let next = waiting.first, lines.line >= requests[next].line,
                        lines.line > requests[next].line || lines.column >= requests[next].column
                    {
                        waiting.removeFirst()
                        guard lines.line == requests[next].line else { continue }
                        collected[next] = []
                        active.append((next, requests[next].count))
                    }
                    for place in active.indices { active[place].left -= 1 }
                }
                for request in active { collected[request.place]?.append(byte) }
                if lines.take(byte) {
                    active.removeAll { requests[$0.place].staysOnLine }
                    if active.isEmpty, waiting.isEmpty { break }
                }
            }
        }
        return zip(requests, collected).map { request, bytes in
            bytes.map { bytes in
                let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
                guard request.staysOnLine, let end = text.firstIndex(where: isBreak) else { return String(text) }
                return String(text[..<end])
            }
        }
    }
}

extension Diagnostic {
    /// The same with the line that it points at, where the file still has it.
    func showingLine(_ source: () -> RegularFile?) -> Diagnostic {
        let mark = YAMLMark(line: line, column: column, offset: 0)
        return SourceExcerpts.fill([DiagnosticSink.Finding(mark: mark, diagnostic: self)], of: source).first ?? self
    }
}

/// Counts lines and columns over bytes as libyaml does.
private struct LineCounter {
    private(set) var line = 1
    /// Of the next character.
    private(set) var column = 1
    private var last: (UInt8, UInt8) = (0, 0)

    /// Whether the byte belongs to the character, or the line end, that the one before it began.
    func isWithinCharacter(_ byte: UInt8) -> Bool {
        byte & 0xC0 == 0x80 || (byte == 0x0A && last.1 == 0x0D)
    }

    /// - Returns: Whether the line ended.
    mutating func take(_ byte: UInt8) -> Bool {
        defer { last = (last.1, byte) }
        switch byte {
        case 0x0A where last.1 == 0x0D:
            column = 1
            return false
        case 0x0A, 0x0D: break
        case 0x85 where last.1 == 0xC2: break
        case 0xA8 where last == (0xE2, 0x80), 0xA9 where last == (0xE2, 0x80): break
        default:
            if byte & 0xC0 != 0x80 { column += 1 }
            return false
        }
        line += 1
        column = 1
        return true
    }
}
