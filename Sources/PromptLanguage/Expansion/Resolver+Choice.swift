extension Resolver {
    private struct Option {
        var command: Command
        var source: ParsedPrompt
        var weight: Double
        var hash: UInt64
    }

    /// How many, and what stands between them.
    private struct Bounds {
        var least: Int
        var most: Int
        var separator: [UInt8]
    }

    mutating func choice(
        _ variant: Command.Variant, _ command: Command, _ source: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        let hashes = OptionHashes.of(variant.options.map { Array(source.bytes[$0.value.span]) })
        let options = variant.options.enumerated().map { place, option in
            Option(command: option.value, source: source, weight: option.weight, hash: hashes[place])
        }
        return try choice(
            options, Bounds(least: variant.least, most: variant.most, separator: variant.separator), command, source,
            scope)
    }

    private mutating func choice(
        _ options: [Option], _ bounds: Bounds, _ command: Command, _ source: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        if options.count == 1, case .wildcard(let wildcard) = options[0].command.kind {
            // A single wildcard stands for all its values. Its own symbol and parameters play no part in the package.
            let (inner, origin) = (options[0].command, options[0].source)
            return try named(wildcard, inner, origin, scope) { (self, found) throws(PromptError) in
                try self.choice(of: found, bounds, command, source, inner, origin, scope)
            }
        }
        var nodes: [Node] = []
        nodes.reserveCapacity(options.count)
        for option in options { nodes.append(try fill(option.command, option.source, scope)) }
        return try choice(
            nodes, commands: options.map(\.command), weights: options.map(\.weight), hashes: options.map(\.hash),
            repeats: nil, bounds, command, source)
    }

    private mutating func choice(
        of found: Found, _ bounds: Bounds, _ command: Command, _ source: ParsedPrompt, _ inner: Command,
        _ origin: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        let entries = found.entries
        if !entries.isPlain {
            return try within(found, inner, origin) { (self) throws(PromptError) in
                try self.choice(ofParsed: entries, bounds, command, source, scope)
            }
        }
        let bounds = Bounds(
            least: min(bounds.least, entries.values.count), most: min(bounds.most, entries.values.count),
            separator: bounds.separator)
        let kept = entries.distinct?.count ?? entries.values.count
        let available = entries.total.exactInt ?? .max
        guard
            let selections = Selections(
                .ones(kept), least: min(bounds.least, available), most: min(bounds.most, available))
        else { throw tooMany(command, source) }
        return Node(
            .choice(
                Choice(
                    key: source.keys[command.span.lowerBound] ?? 0, options: .entries(entries),
                    least: bounds.least, most: bounds.most, separator: bounds.separator,
                    plan: kept == 0
                        ? .results([])
                        : .selections(selections, places: entries.distinct, distinct: [:]))))
    }

    private mutating func choice(
        ofParsed entries: WildcardEntries, _ bounds: Bounds, _ command: Command, _ source: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        var options: [Option] = []
        for (place, value) in entries.values.enumerated() {
            let weight = entries.weights?[place] ?? 1
            let parsed: ParsedPrompt
            switch value {
            case .parsed(let known): parsed = known
            case .plain(let text): parsed = ParsedPrompt(bytes: text, root: Command(.literal(text), text.indices))
            case .invalid: continue
            }
            options.append(Option(command: parsed.root, source: parsed, weight: weight, hash: entries.hashes[place]))
        }
        let bounds = Bounds(
            least: min(bounds.least, options.count), most: min(bounds.most, options.count),
            separator: bounds.separator)
        if options.count == 1, entries.repeats == nil, case .wildcard = options[0].command.kind {
            return try choice(options, bounds, command, source, scope)
        }
        var nodes: [Node] = []
        for option in options {
            if case .literal(let text) = option.command.kind {
                nodes.append(Node(.text(text)))
            } else {
                nodes.append(try fill(option.command, option.source, scope))
            }
        }
        return try choice(
            nodes, commands: options.map(\.command), weights: options.map(\.weight), hashes: options.map(\.hash),
            repeats: entries.repeats, bounds, command, source)
    }

    private mutating func choice(
        _ nodes: [Node], commands: [Command], weights: [Double], hashes: [UInt64], repeats: [UInt64]?,
        _ bounds: Bounds, _ command: Command, _ source: ParsedPrompt
    ) throws(PromptError) -> Node {
        var seen: Set<Command> = []
        let places = commands.indices.filter { (repeats?[$0] ?? 1) > 0 && seen.insert(commands[$0]).inserted }
        let arePlain = places.allSatisfy { place in
            if case .literal = commands[place].kind { true } else { commands[place].isEmpty }
        }
        let available = repeats.map { $0.reduce(0) { min($0 + min($1, 1 << 40), 1 << 50) } }.map(Int.init)
        let limit = available ?? nodes.count
        guard
            let plan = comparison.plan(
                places.map { nodes[$0] }, places: places.count == nodes.count ? nil : places, arePlain: arePlain,
                least: min(bounds.least, limit), most: min(bounds.most, limit), separator: bounds.separator)
        else { throw tooMany(command, source) }
        let areEqual = weights.allSatisfy { $0 == weights.first }
        return Node(
            .choice(
                Choice(
                    key: source.keys[command.span.lowerBound] ?? 0, options: .nodes(nodes),
                    tree: DrawTree(hashes: hashes, weights: areEqual ? nil : weights),
                    least: min(bounds.least, nodes.count),
                    most: min(bounds.most, nodes.count), separator: bounds.separator,
                    plan: limit == 0 ? .results([]) : plan)))
    }

    private func tooMany(_ command: Command, _ source: ParsedPrompt) -> PromptError {
        failure(
            .tooLarge, "this choice takes too many options at once",
            hint: "take at most \(PromptLimits.picks); fewer where the options are choices themselves", at: command,
            source)
    }
}
