import NightjarCore

extension DiagnosticSink {
    /// A key that is not known, or not yet.
    /// - Parameter place: "in `limits`", "at the top".
    /// - Returns: The key that was probably meant.
    @discardableResult
    func reportKey(_ name: String, at key: YAMLNode, known: [String], unsupported: [String], place: String) -> String? {
        if unsupported.contains(name) {
            report("unsupported", "`\(name)` is not supported by this version of nightjar", at: key)
            return nil
        }
        guard keeps(key.start) else {
            countOnly()
            return nil
        }
        let near = nearest(to: name, among: known + unsupported)
        report(
            "unknown-key", "unknown key \(DisplayText.quoted(name)) \(place)", at: key,
            hint: near.map { "did you mean `\($0)`?" } ?? "known are \(known.joined(separator: ", "))")
        return near
    }

    /// A string; see `MappingReader.text`.
    package func text(of node: YAMLNode, key: String) -> String? {
        if case .invalid = node.content { return nil }
        guard let text = node.text, node.scalarType == .text else {
            report(
                "type", "`\(key)` must be text, got \(node.described)", at: node,
                hint: node.text.map {
                    $0.isEmpty ? "write `\(key): \"…\"`" : "write `\(key): \"\(DisplayText.neutral($0))\"`"
                })
            return nil
        }
        return text
    }

    /// A whole number; see `MappingReader.integer`.
    func integer(of node: YAMLNode, key: String, in range: ClosedRange<Int64>) -> Int64? {
        if case .invalid = node.content { return nil }
        if node.scalarType == .number, let value = node.text.flatMap(Self.wholeNumber), range.contains(value) {
            return value
        }
        let expected =
            range.upperBound == .max
            ? "a whole number of at least \(range.lowerBound)"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        report(
            "type", "`\(key)` must be \(expected), got \(node.described)", at: node,
            hint: Self.meantNumber(node.text ?? "", in: range).map { "write `\(key): \($0)`" })
        return nil
    }

    /// Decimal digits without leading zeros, which YAML 1.1 reads as octal.
    private static func wholeNumber(_ text: String) -> Int64? {
        let digits = text.drop { $0 == "-" || $0 == "+" }
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), digits == "0" || !digits.hasPrefix("0") else {
            return nil
        }
        return Int64(text)
    }

    /// The number that a text in quotes, with leading zeros, separators, decimals or in words stands for.
    private static func meantNumber(_ text: String, in range: ClosedRange<Int64>) -> Int64? {
        let words: [String: Int64] = [
            "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
            "ten": 10, "twelve": 12, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
        ]
        let plain = text.trimmed().filter { $0 != "_" && $0 != "," }
        let value = words[plain.lowercased()] ?? Int64(plain) ?? Double(plain).flatMap { Int64(exactly: $0) }
        return value.flatMap { range.contains($0) ? $0 : nil }
    }
}
