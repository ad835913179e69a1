/// All texts that draws can make of a wildcard's name.
struct NameCollector {
    private var visits = 0

    /// - Returns: `nil` when there are too many, or finding them takes too long.
    mutating func names(of node: Node) -> Set<[UInt8]>? {
        visits += 1
        guard visits <= 20 * PromptLimits.wildcardNames else { return nil }
        switch node.kind {
        case .text(let bytes): return [bytes]
        case .sequence(let nodes): return product(nodes, [])
        case .choice(let choice): return names(of: choice)
        case .values(let values):
            guard let nodes = values.nodes else { return texts(of: values.entries) }
            return union(nodes)
        case .wrap(let wrapper, let inner):
            guard let outer = names(of: wrapper), let inner = names(of: inner) else { return nil }
            return limited(
                Set(
                    outer.lazy.map(WrapMarker.split).flatMap { prefix, suffix in
                        inner.lazy.map { prefix + $0 + suffix }
                    }.prefix(PromptLimits.wildcardNames * 4)))
        case .scope(_, let node), .once(_, let node), .single(_, let node): return names(of: node)
        case .named(_, let names): return union(Array(names.all.values))
        }
    }

    private mutating func names(of choice: Choice) -> Set<[UInt8]>? {
        guard choice.most <= 1 else { return severalNames(of: choice) }
        var all: Set<[UInt8]>? = options(of: choice)
        if choice.least == 0 { all?.insert([]) }
        return all
    }

    private mutating func options(of choice: Choice) -> Set<[UInt8]>? {
        switch choice.options {
        case .nodes(let nodes): union(nodes)
        case .entries(let entries): texts(of: entries)
        }
    }

    /// Each option at most once, in any order.
    private mutating func severalNames(of choice: Choice) -> Set<[UInt8]>? {
        guard choice.options.count <= 8 else { return nil }
        var each: [Set<[UInt8]>] = []
        for place in 0..<choice.options.count {
            switch choice.options {
            case .nodes(let nodes):
                guard let names = names(of: nodes[place]) else { return nil }
                each.append(names)
            case .entries(let entries): each.append([Array(entries.texts[place].utf8)])
            }
        }
        var all: Set<[UInt8]> = []
        var pending: [(taken: [Int], texts: [[UInt8]])] = [([], [])]
        while let (taken, texts) = pending.popLast() {
            if taken.count >= choice.least { all.insert(Choice.joined(texts, choice.separator)) }
            guard all.count + pending.count <= 20 * PromptLimits.wildcardNames else { return nil }
            guard taken.count < choice.most else { continue }
            for place in each.indices where !taken.contains(place) {
                for text in each[place] { pending.append((taken + [place], texts + [text])) }
            }
        }
        return limited(all)
    }

    private mutating func union(_ nodes: [Node]) -> Set<[UInt8]>? {
        var all: Set<[UInt8]> = []
        for node in nodes {
            guard let names = names(of: node) else { return nil }
            all.formUnion(names)
            guard all.count <= PromptLimits.wildcardNames else { return nil }
        }
        return all
    }

    private mutating func product(_ nodes: [Node], _ separator: [UInt8]) -> Set<[UInt8]>? {
        var all: Set<[UInt8]> = [[]]
        for node in nodes {
            guard let names = names(of: node), all.count * names.count <= PromptLimits.wildcardNames else { return nil }
            all = Set(all.flatMap { head in names.map { head + $0 } })
        }
        return all
    }

    private func texts(of entries: WildcardEntries) -> Set<[UInt8]>? {
        entries.values.count > PromptLimits.wildcardNames ? nil : Set(entries.texts.map { Array($0.utf8) })
    }

    private func limited(_ names: Set<[UInt8]>) -> Set<[UInt8]>? {
        names.count <= PromptLimits.wildcardNames ? names : nil
    }
}
