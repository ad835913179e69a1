/// Writes one draw: everything is picked, as the random sampler of the Python package picks it.
struct DrawWriter {
    let picks: PickSource
    var text: [UInt8] = []
    /// Of `=!`.
    private var known: [ObjectIdentifier: [UInt8]] = [:]

    init(_ picks: PickSource) { self.picks = picks }

    var root: UInt64 { picks.root }

    /// - Parameter scope: What the place is hashed with.
    mutating func write(_ node: Node, scope: UInt64) {
        switch node.kind {
        case .text(let bytes): text += bytes
        case .sequence(let nodes): for node in nodes { write(node, scope: scope) }
        case .choice(let choice): write(choice, scope: scope)
        case .values(let values):
            let key = Mixing.mixed(scope, values.key)
            let entries = values.entries
            let place = entries.tree.pick(key)
            if let node = values.nodes?[place] {
                write(node, scope: key)
            } else {
                text += Array(entries.texts[place].utf8)
            }
        case .wrap(let wrapper, let inner):
            let start = text.count
            write(wrapper, scope: scope)
            let (prefix, suffix) = WrapMarker.split(Array(text[start...]))
            text.replaceSubrange(start..., with: prefix)
            write(inner, scope: scope)
            text += suffix
        case .scope(let key, let node): write(node, scope: Mixing.mixed(scope, key))
        case .once(let key, let inner): writeOnce(node, key, inner)
        case .single(let method, let node):
            guard method == .cyclical, !node.count.isZero else { return write(node, scope: scope) }
            let index = BigNatural(picks.turn).quotientAndRemainder(dividingBy: node.count).remainder
            var writer = CombinationWriter(combination: BigNatural(picks.turn), picks: picks)
            writer.write(node, index, scope: scope)
            text += writer.text
        case .named(let path, let names):
            let start = text.count
            write(path, scope: scope)
            let name = Array(text[start...])
            text.removeSubrange(start...)
            write(names.all[name] ?? names.first, scope: scope)
        }
    }

    /// One draw for all places. It hangs on what defines it alone.
    private mutating func writeOnce(_ node: Node, _ key: UInt64, _ inner: Node) {
        if let bytes = known[ObjectIdentifier(node)] {
            text += bytes
            return
        }
        let start = text.count
        write(inner, scope: Mixing.mixed(picks.root, key))
        known[ObjectIdentifier(node)] = Array(text[start...])
    }

    private mutating func write(_ choice: Choice, scope: UInt64) {
        let options = choice.options.count
        // The package takes a single option as it is, whatever the bounds.
        guard options != 1 else { return write(choice.options, 0, scope: scope) }
        guard options > 0 else { return }
        let key = Mixing.mixed(scope, choice.key)
        var count = choice.most
        if choice.least < choice.most {
            let range = UInt64(choice.most - choice.least + 1)
            count = choice.least + Int(Mixing.mixed(key, range).multipliedFullWidth(by: range).high)
        }
        let places = choice.tree.picks(count, key)
        var parts: [[UInt8]] = []
        for place in places {
            if places.count == 1 { return write(choice.options, place, scope: scope) }
            let start = text.count
            write(choice.options, place, scope: scope)
            parts.append(Array(text[start...]))
            text.removeSubrange(start...)
        }
        text += Choice.joined(parts, choice.separator)
    }

    private mutating func write(_ options: Choice.Options, _ place: Int, scope: UInt64) {
        switch options {
        case .nodes(let nodes): write(nodes[place], scope: scope)
        case .entries(let entries): text += Array(entries.texts[place].utf8)
        }
    }
}
