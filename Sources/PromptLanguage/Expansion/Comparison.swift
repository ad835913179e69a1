/// Decides how the results of a choice are numbered: compares them where there are few.
struct Comparison {
    /// Bytes and pieces that may still be looked at in this prompt.
    var budget = PromptLimits.comparedWorkInAll

    /// - Parameters:
    ///   - nodes: Options, no two of them written alike.
    ///   - arePlain: Whether all are text, so that they are known to differ.
    /// - Returns: `nil` when there are too many to count.
    mutating func plan(_ nodes: [Node], places: [Int]?, arePlain: Bool, least: Int, most: Int, separator: [UInt8])
        -> Choice.Plan?
    {
        let sizes = Selections.Sizes.given(nodes.map(\.count))
        if arePlain {
            return Selections(.ones(nodes.count), least: least, most: most)
                .map { .selections($0, places: places, distinct: [:]) }
        }
        guard let selections = Selections(sizes, least: least, most: most) else { return nil }
        let undecided = Choice.Plan.selections(selections, places: places, distinct: [:])
        let limit = BigNatural(PromptLimits.comparedResults)
        let comparable = nodes.filter { !$0.isDrawn }
        guard comparable.reduce(BigNatural.zero, { $0 + $1.count }) <= limit, let texts = results(of: nodes) else {
            return undecided
        }
        let (distinct, areDisjoint) = Self.compared(texts)
        var exact = selections
        if !distinct.isEmpty {
            let counts = nodes.indices.map { distinct[$0].map { BigNatural($0.count) } ?? nodes[$0].count }
            guard let fewer = Selections(.given(counts), least: least, most: most) else { return nil }
            exact = fewer
        }
        if !areDisjoint, comparable.count == nodes.count, exact.count <= limit {
            if let all = listed(texts, exact, distinct, separator) { return .results(all) }
        }
        return .selections(exact, places: places, distinct: distinct)
    }

    /// - Returns: The results of each option, `nil` for one that is drawn; `nil` when it is too much.
    private mutating func results(of nodes: [Node]) -> [[[UInt8]]?]? {
        var left = min(PromptLimits.comparedWork, budget)
        let granted = left
        defer { budget -= granted - max(0, left) }
        var all: [[[UInt8]]?] = []
        for node in nodes {
            guard !node.isDrawn else {
                all.append(nil)
                continue
            }
            var texts: [[UInt8]] = []
            for index in 0..<(node.count.exactInt ?? 0) {
                left -= node.work
                guard left >= 0 else { return nil }
                var writer = CombinationWriter(combination: .zero, picks: PickSource(seed: (0, 0)))
                writer.write(node, BigNatural(index), scope: 0)
                texts.append(writer.text)
            }
            all.append(texts)
        }
        return all
    }

    /// - Returns: The first of equal results, for options that have such; and whether no two options share one.
    private static func compared(_ texts: [[[UInt8]]?]) -> (distinct: [Int: [Int]], areDisjoint: Bool) {
        var owners: [[UInt8]: Int] = [:]
        var distinct: [Int: [Int]] = [:]
        var areDisjoint = true
        for (option, results) in texts.enumerated() {
            guard let results else { continue }
            var kept: [Int] = []
            var seen: Set<[UInt8]> = []
            for (place, result) in results.enumerated() where seen.insert(result).inserted {
                kept.append(place)
                if let owner = owners[result], owner != option { areDisjoint = false }
                owners[result] = option
            }
            if kept.count < results.count { distinct[option] = kept }
        }
        return (distinct, areDisjoint)
    }

    /// All results, as the package finds them.
    private mutating func listed(
        _ texts: [[[UInt8]]?], _ selections: Selections, _ distinct: [Int: [Int]], _ separator: [UInt8]
    ) -> [[UInt8]]? {
        var seen: Set<[[UInt8]]> = []
        var all: [[UInt8]] = []
        var left = min(PromptLimits.comparedWork, budget)
        let granted = left
        defer { budget -= granted - max(0, left) }
        for index in 0..<(selections.count.exactInt ?? 0) {
            let chosen = selections.selection(at: BigNatural(index)).map { option, result in
                let place = result.exactInt ?? 0
                return texts[option]?[distinct[option]?[place] ?? place] ?? []
            }
            left -= chosen.reduce(selections.sizes.count) { $0 + $1.count + separator.count }
            guard left >= 0 else { return nil }
            if Set(chosen).count == chosen.count, seen.insert(chosen).inserted {
                all.append(Choice.joined(chosen, separator))
            }
        }
        return all
    }
}
