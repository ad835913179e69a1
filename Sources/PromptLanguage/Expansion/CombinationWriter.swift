/// Writes one combination.
struct CombinationWriter {
    /// Which of all combinations, for `~` and `@`.
    let combination: BigNatural
    /// For `~`.
    let picks: PickSource
    var text: [UInt8] = []
    private var drawer: DrawWriter?

    init(combination: BigNatural, picks: PickSource) {
        self.combination = combination
        self.picks = picks
    }

    /// - Parameters:
    ///   - index: Less than the node's count.
    ///   - scope: What the place is hashed with, for `~`.
    mutating func write(_ node: Node, _ index: BigNatural, scope: UInt64) {
        switch node.kind {
        case .text(let bytes): text += bytes
        case .sequence(let nodes):
            var rest = index
            var digits = [BigNatural](repeating: .zero, count: rest.isZero ? 0 : nodes.count)
            for place in digits.indices.reversed() where nodes[place].count != .one {
                (rest, digits[place]) = rest.quotientAndRemainder(dividingBy: nodes[place].count)
            }
            for (place, node) in nodes.enumerated() {
                write(node, digits.isEmpty ? .zero : digits[place], scope: scope)
            }
        case .choice(let choice): write(choice, index, scope: scope)
        case .values(let values):
            let (place, inner) = values.place(of: index)
            if let node = values.nodes?[place] {
                write(node, inner, scope: Mixing.mixed(scope, values.key))
            } else {
                text += Array(values.entries.texts[place].utf8)
            }
        case .wrap(let wrapper, let inner):
            let (outer, rest) = index.quotientAndRemainder(dividingBy: inner.count)
            let start = text.count
            write(wrapper, outer, scope: scope)
            let (prefix, suffix) = WrapMarker.split(Array(text[start...]))
            text.replaceSubrange(start..., with: prefix)
            write(inner, rest, scope: scope)
            text += suffix
        case .scope(let key, let node): write(node, index, scope: Mixing.mixed(scope, key))
        case .once(let key, let node): write(node, .zero, scope: key)
        case .single(let method, let node):
            if method == .cyclical {
                write(node, combination.quotientAndRemainder(dividingBy: node.count).remainder, scope: scope)
            } else {
                var writer = drawer ?? DrawWriter(picks.combined(with: combination))
                writer.text = []
                writer.write(node, scope: Mixing.mixed(writer.root, scope))
                text += writer.text
                drawer = writer
            }
        case .named(_, let names): write(names.first, index, scope: scope)
        }
    }

    private mutating func write(_ choice: Choice, _ index: BigNatural, scope: UInt64) {
        switch choice.plan {
        case .results(let results): text += results[index.exactInt ?? 0]
        case .selections(let selections, let places, let distinct):
            let chosen = selections.selection(at: index)
            var parts: [[UInt8]] = []
            for (option, result) in chosen {
                let place = places?[option] ?? option
                let inner = distinct[option].map { BigNatural($0[result.exactInt ?? 0]) } ?? result
                if chosen.count == 1 { return write(choice.options, place, inner, scope: scope) }
                let start = text.count
                write(choice.options, place, inner, scope: scope)
                parts.append(Array(text[start...]))
                text.removeSubrange(start...)
            }
            text += Choice.joined(parts, choice.separator)
        }
    }

    private mutating func write(_ options: Choice.Options, _ place: Int, _ index: BigNatural, scope: UInt64) {
        switch options {
        case .nodes(let nodes): write(nodes[place], index, scope: scope)
        case .entries(let entries): text += Array(entries.texts[place].utf8)
        }
    }
}

/// `…` in a wrapper: what is wrapped comes in its place.
enum WrapMarker {
    private static let ellipses: Set<[UInt8]> = Set(
        ["\u{1801}", "\u{2026}", "\u{22EE}", "\u{22EF}", "\u{22F0}", "\u{22F1}", "\u{FE19}"].map { Array($0.utf8) })

    /// At the first run of ellipses, or of at least three full stops; all of it stands before when there is none.
    static func split(_ text: [UInt8]) -> (prefix: [UInt8], suffix: [UInt8]) {
        var position = 0
        while position < text.count {
            var end = position
            while isEllipsis(text, at: end) { end += 3 }
            if end == position {
                while end < text.count, text[end] == UInt8(ascii: ".") { end += 1 }
                if end - position < 3 {
                    position = max(end, position + 1)
                    continue
                }
            }
            return (Array(text[..<position]), Array(text[end...]))
        }
        return (text, [])
    }

    /// All of them have three bytes.
    private static func isEllipsis(_ text: [UInt8], at position: Int) -> Bool {
        position + 3 <= text.count && text[position] >= 0xE1 && ellipses.contains(Array(text[position..<position + 3]))
    }
}
