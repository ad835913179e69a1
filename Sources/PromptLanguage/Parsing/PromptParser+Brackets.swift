extension PromptParser {
    typealias Read = ([Command], Int)

    // MARK: - {…}

    mutating func variant(at start: Int) throws(Failure) -> Read? {
        var position = skipBlanks(start + 1)
        let method = samplingMethod(&position)
        let bound = try bound(at: skip(position), from: start)
        if let bound { position = bound.end }
        position = skipBlanks(position)
        var options: [Command.Option] = []
        while true {
            position = skipBlanks(position)
            let weight = weight(&position)
            let (commands, end) = try sequence(.option, from: position)
            options.append(Command.Option(value: .joined(commands, position..<end), weight: weight))
            guard end < bytes.count else { throw unclosed(start, "{") }
            position = end + 1
            if bytes[end] == UInt8(ascii: "}") { break }
        }
        let (first, second) = (bound?.least ?? 1, bound == nil ? 1 : bound?.most ?? options.count)
        let variant = Command.Variant(
            options: options, least: min(first, second), most: max(first, second),
            separator: bound?.separator ?? [UInt8(ascii: ",")], method: method)
        return ([Command(.variant(variant), start..<position)], position)
    }

    private mutating func samplingMethod(_ position: inout Int) -> SamplingMethod? {
        let place = skip(position)
        let method: SamplingMethod? =
            switch byte(place) {
            case UInt8(ascii: "~"): .random
            case UInt8(ascii: "!"): .combinatorial
            case UInt8(ascii: "@"): .cyclical
            case _: nil
            }
        position = method == nil ? place : place + 1
        return method
    }

    private struct Bound {
        var least = 1
        /// `nil`: as many as there are options.
        var most: Int?
        var separator = [UInt8(ascii: ",")]
        var end: Int
    }

    /// `2$$`, `1-2$$`, `-2$$`, `2-$$`, each with `separator$$` after it or not.
    private mutating func bound(at start: Int, from brace: Int) throws(Failure) -> Bound? {
        let before = comment
        guard var bound = range(at: start), follows("$$", at: skip(bound.end)) else {
            comment = before
            return nil
        }
        bound.end = skip(bound.end) + 2
        let first = skip(bound.end)
        var last = first
        while let byte = byte(last), byte >= 0x20 || byte == 0x09, byte < 0x7F,
            byte != UInt8(ascii: "$"), byte != UInt8(ascii: "{"), byte != UInt8(ascii: "}")
        {
            last += 1
        }
        if last > first, follows("$$", at: skip(last)) {
            bound.separator = Array(bytes[first..<last])
            bound.end = skip(last) + 2
        }
        return bound
    }

    private mutating func range(at start: Int) -> Bound? {
        func number(_ span: Range<Int>) -> Int {
            // A number beyond all options is as good as any other such.
            span.reduce(0) { min($0 * 10 + Int(bytes[$1] - 0x30), 1 << 40) }
        }
        let lower = start..<digits(from: start)
        let hyphen = skip(lower.upperBound)
        guard byte(hyphen) == UInt8(ascii: "-") else {
            return lower.isEmpty ? nil : Bound(least: number(lower), most: number(lower), end: lower.upperBound)
        }
        let place = skip(hyphen + 1)
        let upper = place..<digits(from: place)
        if upper.isEmpty { return lower.isEmpty ? nil : Bound(least: number(lower), end: hyphen + 1) }
        return Bound(least: lower.isEmpty ? 1 : number(lower), most: number(upper), end: upper.upperBound)
    }

    /// `3::`, `0.5::`, `.5::`, `-1.5::`; 1 where none stands.
    private mutating func weight(_ position: inout Int) -> Double {
        let before = comment
        let start = skip(position)
        var end = start
        if byte(end) == UInt8(ascii: "+") || byte(end) == UInt8(ascii: "-") { end += 1 }
        let whole = digits(from: end)
        var isWeight = whole > end && end == start
        if byte(whole) == UInt8(ascii: ".") {
            let last = digits(from: whole + 1)
            isWeight = whole > end || last > whole + 1
            end = last
        } else {
            end = whole
        }
        let colons = skip(end)
        guard isWeight, follows("::", at: colons) else {
            comment = before
            return 1
        }
        position = colons + 2
        return DecimalNumber.value(bytes[start..<end])
    }

    // MARK: - ${…}

    mutating func variable(at start: Int, _ flavour: Flavour) throws(Failure) -> Read? {
        let before = comment
        let first = skip(skipBlanks(start + 2))
        let nameEnd = endOfName(from: first)
        let name = String(decoding: bytes[first..<nameEnd], as: UTF8.self)
        let next = skipBlanks(nameEnd)
        if nameEnd > first {
            if byte(next) == UInt8(ascii: "}") {
                return ([Command(.access(name: name, fallback: nil), start..<next + 1)], next + 1)
            }
            if byte(next) == UInt8(ascii: ":") {
                let place = skipBlanks(next + 1)
                let (commands, end) = try sequence(.value, from: place)
                guard end < bytes.count else { throw unclosed(start, "${") }
                let fallback = Command.joined(commands, place..<end)
                return ([Command(.access(name: name, fallback: fallback), start..<end + 1)], end + 1)
            }
            if flavour == .top, let read = try assignment(to: name, at: next, from: start) { return read }
        }
        comment = before
        return try dollar(at: start)
    }

    private mutating func assignment(to name: String, at place: Int, from start: Int) throws(Failure) -> Read? {
        let keeps = byte(place) == UInt8(ascii: "?")
        let equals = keeps ? skip(place + 1) : place
        guard byte(equals) == UInt8(ascii: "=") else { return nil }
        var position = skip(equals + 1)
        let isImmediate = byte(position) == UInt8(ascii: "!")
        if isImmediate { position += 1 }
        position = skipBlanks(position)
        let (commands, end) = try sequence(.value, from: position)
        guard end < bytes.count else { throw unclosed(start, "${") }
        let assignment = Command.Assignment(
            name: name, value: .joined(commands, position..<end), overwrites: !keeps, isImmediate: isImmediate)
        return ([Command(.assignment(assignment), start..<end + 1)], end + 1)
    }

    private func endOfName(from start: Int) -> Int {
        var end = start
        while let byte = byte(end) {
            let isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte == 0x5F || byte == 0x2D
            guard isLetter || (end > start && byte >= 0x30 && byte <= 0x39) else { break }
            end += 1
        }
        return end
    }

    /// What is no variable: a price before a choice (`${5|10}`), or else text.
    private mutating func dollar(at start: Int) throws(Failure) -> Read? {
        if let choice = try bracket(at: start + 1, .nested), case .variant(let variant) = choice.commands[0].kind,
            variant.options.count > 1
        {
            return nil
        }
        let (commands, end) = try sequence(.value, from: start + 2)
        guard end < bytes.count else { throw unclosed(start, "${") }
        let opening = Command(.literal(Array(bytes[start..<start + 2])), start..<start + 2)
        let closing = Command(.literal([UInt8(ascii: "}")]), end..<end + 1)
        return ([opening] + commands + [closing], end + 1)
    }

    // MARK: - %{…$$…}

    mutating func wrap(at start: Int) throws(Failure) -> Read? {
        let place = skipBlanks(start + 2)
        let (outer, middle) = try sequence(.wrapper, from: place)
        guard middle < bytes.count else { throw unclosed(start, "%{") }
        guard bytes[middle] == UInt8(ascii: "$") else { return nil }
        let innerStart = skipBlanks(middle + 2)
        let (inner, end) = try sequence(.inner, from: innerStart)
        guard end < bytes.count else { throw unclosed(start, "%{") }
        let wrap = Command.Kind.wrap(
            wrapper: .joined(outer, place..<middle), inner: .joined(inner, innerStart..<end))
        return ([Command(wrap, start..<end + 1)], end + 1)
    }

    // MARK: - __…__

    mutating func wildcard(at start: Int, _ flavour: Flavour) throws(Failure) -> Read? {
        var position = start + 2
        let method = samplingMethod(&position)
        let first = skip(position)
        guard let (path, pathEnd) = try path(from: first, flavour) else { return nil }
        position = pathEnd
        var parameters: [Command.Parameter] = []
        if let (span, end) = parameterSpan(from: position) {
            guard follows("__", at: skip(end)) else { return nil }
            parameters = try self.parameters(span)
            position = end
        }
        position = skip(position)
        guard follows("__", at: position) else { return nil }
        position += 2
        let wildcard = Command.Wildcard(
            path: .joined(path, first..<pathEnd), method: method, parameters: parameters)
        return ([Command(.wildcard(wildcard), start..<position)], position)
    }

    private mutating func path(from start: Int, _ flavour: Flavour) throws(Failure) -> Read? {
        var commands: [Command] = []
        var position = start
        while true {
            var next = position
            while isBlank(next) { next += 1 }
            guard byte(next) != UInt8(ascii: "(") else { break }
            next = skip(position)
            guard next < bytes.count else { break }
            if bytes[next] == UInt8(ascii: "{") || follows("${", at: next) {
                guard let reading = try bracket(at: next, .path) else { return nil }
                commands += reading.commands
                position = reading.end
                continue
            }
            let (text, end) = pathLiteral(from: next, flavour)
            guard end > next else { break }
            commands.append(Command(.literal(text), next..<end))
            position = end
        }
        return commands.isEmpty ? nil : (commands, position)
    }

    private mutating func pathLiteral(from start: Int, _ flavour: Flavour) -> ([UInt8], Int) {
        func end(from start: Int, allowing allowed: (UInt8) -> Bool) -> Int {
            var end = start
            while let byte = byte(end), allowed(byte), !follows("__", at: end) {
                // Inside braces it closes them, rather than being part of a name.
                if byte == UInt8(ascii: "}"), flavour != .top { break }
                end += 1
            }
            return end
        }
        var last = end(from: start) { !Self.neverInName.contains($0) && $0 != 0x28 && $0 != 0x29 }
        if last == start { last = end(from: start) { !Self.neverInName.contains($0) && $0 != 0x7C && $0 != 0x7D } }
        return (Array(bytes[start..<last]), last)
    }

    private static let neverInName = Array("#{$%".utf8)

    /// The text between the parentheses, and the place after them.
    private mutating func parameterSpan(from start: Int) -> (Range<Int>, Int)? {
        let opening = skipBlanks(start)
        guard byte(opening) == UInt8(ascii: "(") else { return nil }
        let first = skip(opening + 1)
        guard let end = endOfParameters(from: first), end > first else { return nil }
        return (first..<end, end + 1)
    }

    private func parameters(_ span: Range<Int>) throws(Failure) -> [Command.Parameter] {
        var parameters: [Command.Parameter] = []
        var places: [String: Int] = [:]
        for pair in bytes[span].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = Blanks.trimmed(pair[..<equals])
            let text = Blanks.trimmed(pair[equals...].dropFirst())
            var parser = PromptParser(Array(text))
            do {
                let value = try parser.parsed()
                let parameter = Command.Parameter(name: String(decoding: name, as: UTF8.self), value: value)
                // As in a Python dictionary: the last one wins, in the place of the first.
                if let known = places[parameter.name] {
                    parameters[known] = parameter
                } else {
                    places[parameter.name] = parameters.count
                    parameters.append(parameter)
                }
            } catch {
                throw Failure(
                    kind: error.kind, message: error.message, hint: error.hint,
                    span: error.span.lowerBound + text.startIndex..<error.span.upperBound + text.startIndex)
            }
        }
        return parameters
    }
}
