/// Reads a prompt as the parser of the Python package `dynamicprompts` does (an ordered choice at each place, and a
/// comment may stand before each element), and takes literally what that refuses.
///
/// Each bracket is read once, whoever asks for it again, so the time is proportional to the length.
struct PromptParser {
    struct Failure: Error {
        var kind: PromptError.Kind
        var message: String
        var hint: String?
        var span: Range<Int>
    }

    /// Where a sequence stands, which says what ends it.
    enum Place: Int {
        case top, option, value, wrapper, inner
    }

    /// Who asks for a bracket.
    enum Flavour: Int {
        case top, nested, path
    }

    struct Reading {
        var commands: [Command]
        var end: Int
        var comment: Int
    }

    let bytes: [UInt8]
    /// The first comment that cuts.
    var comment = Int.max
    /// The first `}` that closes nothing.
    var strayBrace = Int.max
    private var readings: [Int: Reading?] = [:]
    private var depth = 0
    private var nextParenthesis = Search(needle: [UInt8(ascii: ")")])
    private var nextCommentEnd = Search(needle: [UInt8(ascii: "*"), UInt8(ascii: "/")])

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func parsed() throws(Failure) -> ParsedPrompt {
        guard bytes.count <= PromptLimits.bytes else {
            throw Failure(
                kind: .tooLarge, message: "the prompt is longer than \(PromptLimits.bytes) bytes", span: 0..<1)
        }
        let (commands, _) = try sequence(.top, from: 0)
        var root = Command.joined(commands, bytes.indices)
        if case .assignment = root.kind { root = Command(.literal(bytes), bytes.indices) }
        return ParsedPrompt(bytes: bytes, root: root)
    }

    /// - Returns: The commands, and the place of what ended them, after comments.
    mutating func sequence(_ place: Place, from start: Int) throws(Failure) -> ([Command], Int) {
        var commands: [Command] = []
        var position = start
        while true {
            position = skip(position)
            guard position < bytes.count, !ends(place, at: position) else { return (commands, position) }
            if let reading = try bracket(at: position, place == .top ? .top : .nested) {
                commands += reading.commands
                position = reading.end
            } else {
                let (text, end) = try literal(place, from: position)
                commands.append(Command(.literal(text), position..<end))
                position = end
            }
        }
    }

    private func ends(_ place: Place, at position: Int) -> Bool {
        switch bytes[position] {
        case UInt8(ascii: "}"): place != .top
        case UInt8(ascii: "|"): place == .option
        case UInt8(ascii: "$"): place == .wrapper && byte(position + 1) == UInt8(ascii: "$")
        case _: false
        }
    }

    /// - Precondition: What stands there neither ends the sequence nor begins a bracket.
    private mutating func literal(_ place: Place, from start: Int) throws(Failure) -> ([UInt8], Int) {
        var text: [UInt8] = []
        var position = start
        while true {
            while try isLiteral(place, at: position) {
                let end = bytes[position] == UInt8(ascii: "_") ? endOfUnderscores(from: position) : position + 1
                if bytes[position] == UInt8(ascii: "}") { strayBrace = min(strayBrace, position) }
                text += bytes[position..<end]
                position = end
            }
            let before = comment
            let next = skip(position)
            // The package joins what stands before and after a comment with a blank.
            guard next > position, try isLiteral(place, at: next) else {
                if next == position { comment = before }
                return (text, position)
            }
            text.append(UInt8(ascii: " "))
            position = next
        }
    }

    private mutating func isLiteral(_ place: Place, at position: Int) throws(Failure) -> Bool {
        guard position < bytes.count else { return false }
        switch bytes[position] {
        case UInt8(ascii: "#"): return false
        case UInt8(ascii: "{"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "_"):
            if ends(place, at: position) { return false }
            return try bracket(at: position, place == .top ? .top : .nested) == nil
        case _: return !ends(place, at: position)
        }
    }

    /// One underscore is a letter; where two name no wildcard, the whole run stands for itself.
    private func endOfUnderscores(from start: Int) -> Int {
        var end = start
        while byte(end) == UInt8(ascii: "_") { end += 1 }
        return end
    }

    /// - Returns: `nil` when nothing begins there that has a meaning.
    mutating func bracket(at start: Int, _ flavour: Flavour) throws(Failure) -> Reading? {
        let next = byte(start + 1)
        let isBracket =
            switch bytes[start] {
            case UInt8(ascii: "{"): true
            case UInt8(ascii: "$"), UInt8(ascii: "%"): next == UInt8(ascii: "{")
            case UInt8(ascii: "_"): next == UInt8(ascii: "_")
            case _: false
            }
        guard isBracket else { return nil }
        let key = start * 3 + flavour.rawValue
        if let known = readings[key] {
            if let known { comment = min(comment, known.comment) }
            return known
        }
        let before = comment
        comment = .max
        depth += 1
        defer {
            comment = min(comment, before)
            depth -= 1
        }
        guard depth <= PromptLimits.depth else {
            throw Failure(
                kind: .tooDeep, message: "the prompt is nested more than \(PromptLimits.depth) deep",
                span: start..<start + 1)
        }
        let read =
            switch bytes[start] {
            case UInt8(ascii: "{"): try variant(at: start)
            case UInt8(ascii: "$"): try variable(at: start, flavour)
            case UInt8(ascii: "%"): try wrap(at: start)
            case _: try wildcard(at: start, flavour)
            }
        let reading = read.map { Reading(commands: $0.0, end: $0.1, comment: comment) }
        if reading == nil { comment = .max }
        readings[key] = .some(reading)
        return reading
    }

    func unclosed(_ start: Int, _ opening: String) -> Failure {
        Failure(
            kind: .unbalanced, message: "`\(opening)` is not closed",
            hint: "close it with `}`, or write `variants: none` to take the text as it stands",
            span: start..<start + opening.utf8.count)
    }
}

// MARK: - Places

extension PromptParser {
    func byte(_ position: Int) -> UInt8? { position < bytes.count ? bytes[position] : nil }

    func isBlank(_ position: Int) -> Bool {
        guard let byte = byte(position) else { return false }
        return byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    func digits(from start: Int) -> Int {
        var end = start
        while let byte = byte(end), byte >= 0x30, byte <= 0x39 { end += 1 }
        return end
    }

    func follows(_ text: StaticString, at position: Int) -> Bool {
        guard position + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.withUTF8Buffer { wanted in
            wanted.indices.allSatisfy { wanted[$0] == bytes[position + $0] }
        }
    }

    /// Over comments, and the blanks before them.
    mutating func skip(_ start: Int) -> Int {
        var position = start
        while true {
            var next = position
            while isBlank(next) { next += 1 }
            if byte(next) == UInt8(ascii: "#") || follows("//", at: next) {
                comment = min(comment, next)
                while let byte = byte(next), byte != 0x0A { next += 1 }
            } else if follows("/*", at: next), let end = nextCommentEnd.first(in: bytes, from: next + 2) {
                comment = min(comment, next)
                next = end + 2
            } else {
                return position
            }
            position = next
        }
    }

    /// Over comments, and all blanks after them.
    mutating func skipBlanks(_ start: Int) -> Int {
        var position = skip(start)
        while isBlank(position) { position += 1 }
        return skip(position)
    }

    mutating func endOfParameters(from start: Int) -> Int? { nextParenthesis.first(in: bytes, from: start) }

    /// Looks for the same text from many places without reading what lies between again and again.
    struct Search {
        let needle: [UInt8]
        private var from = 0
        private var found: Int? = -1

        init(needle: [UInt8]) { self.needle = needle }

        mutating func first(in bytes: [UInt8], from start: Int) -> Int? {
            if start >= from, found.map({ start <= $0 }) ?? true { return found }
            from = start
            var position = start
            while position + needle.count <= bytes.count {
                if bytes[position] == needle[0], needle.indices.allSatisfy({ bytes[position + $0] == needle[$0] }) {
                    found = position
                    return position
                }
                position += 1
            }
            found = nil
            return nil
        }
    }
}
