/// Fills in wildcards and variables.
struct Resolver {
    struct Pair: Hashable {
        var command: ObjectIdentifier
        var scope: ObjectIdentifier
        var isName: Bool
    }

    /// A wildcard or a variable that is being filled in.
    enum Step: Equatable {
        case wildcard(String)
        case variable(String)

        var written: String {
            switch self {
            case .wildcard(let name): "__\(name)__"
            case .variable(let name): "${\(name)}"
            }
        }
    }

    let prompt: PromptTemplate
    let wildcards: CachedWildcards
    let manifestVariables: Set<String>
    let knownValues: [String: String]
    /// Manifest variables that have been used, in the order of their numbers.
    var usedVariables: [String] = []
    private var numbers: [String: Int] = [:]
    private var filled: [Pair: Node] = [:]
    /// Kept alive, since `filled` knows them by their addresses.
    private var scopes: [Scope] = []
    private var entries: [WildcardEntries] = []
    var steps: [Step] = []
    var comparison = Comparison()
    private var pieces = 0
    private var depth = 0
    /// Where in the prompt the wildcard stands whose values are being filled in.
    private var anchor: Range<Int>?
    /// Whether the name of a wildcard is being filled in.
    private var isName = false

    init(
        _ prompt: PromptTemplate, wildcards: CachedWildcards, variables: Set<String>, knownValues: [String: String]
    ) {
        self.prompt = prompt
        self.wildcards = wildcards
        manifestVariables = variables
        self.knownValues = knownValues
    }

    mutating func resolved() throws(PromptError) -> Node {
        let scope = Scope()
        scopes.append(scope)
        let node = try fill(prompt.parsed.root, prompt.parsed, scope)
        guard node.work <= PromptLimits.text else {
            throw PromptError(
                .tooLarge, "one combination of the prompt can be longer than \(PromptLimits.text) bytes", offset: 0,
                length: prompt.text.unicodeScalars.count)
        }
        guard !node.count.isLonger(than: PromptLimits.countLimbs) else {
            throw PromptError(
                .tooLarge, "the prompt has more combinations than a number of 19,728 digits can say", offset: 0,
                length: prompt.text.unicodeScalars.count)
        }
        return node
    }

    func failure(
        _ kind: PromptError.Kind, _ message: String, hint: String? = nil, at command: Command, _ source: ParsedPrompt
    ) -> PromptError {
        let bytes = prompt.parsed.bytes
        let span = source === prompt.parsed ? command.span : anchor ?? 0..<bytes.count
        return PromptError(
            kind, message, hint: hint, offset: PromptTemplate.scalars(bytes[..<span.lowerBound]),
            length: PromptTemplate.scalars(bytes[span]))
    }

    // MARK: - Pieces

    mutating func fill(_ command: Command, _ source: ParsedPrompt, _ scope: Scope) throws(PromptError) -> Node {
        let pair = Pair(command: ObjectIdentifier(command), scope: ObjectIdentifier(scope), isName: isName)
        if let node = filled[pair] { return node }
        pieces += 1
        depth += 1
        defer { depth -= 1 }
        guard pieces <= PromptLimits.pieces else {
            throw failure(
                .tooLarge, "the prompt has more than \(PromptLimits.pieces) pieces when its wildcards are filled in",
                at: command, source)
        }
        guard depth <= PromptLimits.filledDepth else {
            throw failure(
                .tooDeep, "wildcards and variables are nested more than \(PromptLimits.filledDepth) deep", at: command,
                source)
        }
        let node = try single(fillWhole(command, source, scope), command.method)
        filled[pair] = node
        return node
    }

    private func single(_ node: Node, _ method: SamplingMethod?) -> Node {
        switch method {
        case nil, .combinatorial: node
        case .random: Node(.single(.random, node))
        case .cyclical: Node(.single(.cyclical, node))
        }
    }

    private mutating func fillWhole(_ command: Command, _ source: ParsedPrompt, _ scope: Scope) throws(PromptError)
        -> Node
    {
        switch command.kind {
        case .literal(let text): return Node(.text(text))
        case .sequence(let commands): return try sequence(commands, source, scope)
        case .variant(let variant): return try choice(variant, command, source, scope)
        case .wildcard(let wildcard): return try self.wildcard(wildcard, command, source, scope)
        case .access(let name, let fallback): return try variable(name, fallback, command, source, scope)
        case .assignment: return Node(.text([]))
        case .wrap(let wrapper, let inner):
            // An empty part gives nothing at all in the package.
            if wrapper.isEmpty || inner.isEmpty { return Node(.wrap(wrapper: Self.nothing, inner: Self.nothing)) }
            return Node(.wrap(wrapper: try fill(wrapper, source, scope), inner: try fill(inner, source, scope)))
        }
    }

    /// A piece without any result.
    private static let nothing = Node(
        .choice(
            Choice(
                key: 0, options: .nodes([]), least: 1, most: 1, separator: [],
                plan: .results([]))))

    private mutating func sequence(_ commands: [Command], _ source: ParsedPrompt, _ scope: Scope) throws(PromptError)
        -> Node
    {
        var bindings: [String: Scope.Binding] = [:]
        var others: [Command] = []
        for command in commands {
            guard case .assignment(let assignment) = command.kind else {
                others.append(command)
                continue
            }
            bindings[assignment.name] = try binding(assignment, source, scope)
        }
        let inner = bindings.isEmpty ? scope : Scope(outer: scope, bindings: bindings)
        if !bindings.isEmpty { scopes.append(inner) }
        var nodes: [Node] = []
        nodes.reserveCapacity(others.count)
        for command in others { nodes.append(try fill(command, source, inner)) }
        return nodes.count == 1 ? nodes[0] : Node(.sequence(nodes))
    }

    private mutating func binding(_ assignment: Command.Assignment, _ source: ParsedPrompt, _ scope: Scope)
        throws(PromptError) -> Scope.Binding
    {
        if !assignment.overwrites {
            if let known = scope[assignment.name] { return known }
            if manifestVariables.contains(assignment.name) { return .filled(manifestVariable(assignment.name)) }
        }
        if assignment.isImmediate {
            let text = Mixing.fnv1a(source.bytes[assignment.value.span])
            let place = source === prompt.parsed ? 0 : Mixing.fnv1a(source.bytes)
            let key = Mixing.mixed(Mixing.mixed(text, place), Mixing.fnv1a(assignment.name.utf8))
            return .filled(Node(.once(key: key, try fill(assignment.value, source, scope))))
        }
        return .written(assignment.value, in: source)
    }

    // MARK: - Variables

    private mutating func variable(
        _ name: String, _ fallback: Command?, _ command: Command, _ source: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        let step = Step.variable(name)
        if steps.contains(step) { throw cycle(step, at: command, source) }
        let binding: Scope.Binding
        if let known = scope[name] {
            binding = known
        } else if manifestVariables.contains(name) {
            guard isName else { return manifestVariable(name) }
            guard let value = knownValues[name] else {
                throw failure(
                    .variableInWildcardName, "the value of `\(name)` is not known where it names a wildcard",
                    hint: "give the prompt the wildcard's name itself", at: command, source)
            }
            return Node(.text(Array(value.utf8)))
        } else if let fallback, !(isName && fallback.isEmpty) {
            binding = .written(fallback, in: source)
        } else if isName {
            return Node(.text(Array(name.utf8)))
        } else {
            let nearest = NearestName.of(name, among: Set(manifestVariables).union(scope.names))
            throw failure(
                .undefinedVariable, "variable `\(name)` has no value",
                hint: nearest.map { "did you mean `${\($0)}`?" }
                    ?? "define it under `variables:`, or give it a default: `${\(name):…}`", at: command, source)
        }
        steps.append(step)
        defer { steps.removeLast() }
        let node: Node
        switch binding {
        case .filled(let known): node = known
        case .written(let written, let origin): node = try fill(written, origin, scope)
        }
        return Node(.scope(key: source.keys[command.span.lowerBound] ?? 0, node))
    }

    private mutating func manifestVariable(_ name: String) -> Node {
        if let value = knownValues[name] {
            if numbers[name] == nil { _ = number(of: name) }
            return Node(.text(Array(value.utf8)))
        }
        return Node(.text(VariableMark.bytes(number(of: name))))
    }

    private mutating func number(of name: String) -> Int {
        if let number = numbers[name] { return number }
        numbers[name] = usedVariables.count
        usedVariables.append(name)
        return usedVariables.count - 1
    }

    private func cycle(_ step: Step, at command: Command, _ source: ParsedPrompt) -> PromptError {
        let start = steps.firstIndex(of: step) ?? steps.endIndex
        let way = (steps[start...] + [step]).map { "`\($0.written)`" }
        return failure(
            .cycle, "\(way[0]) needs itself: " + way.joined(separator: " → "), at: command, source)
    }

    // MARK: - Wildcards

    /// What a wildcard's name stands for.
    struct Found {
        var name: [UInt8]
        var entries: WildcardEntries
    }

    private mutating func wildcard(
        _ wildcard: Command.Wildcard, _ command: Command, _ source: ParsedPrompt, _ scope: Scope
    ) throws(PromptError) -> Node {
        let key = source.keys[command.span.lowerBound] ?? 0
        let inner = parameters(wildcard, scope)
        return try named(wildcard, command, source, scope) { (self, found) throws(PromptError) in
            let nodes = found.entries.isPlain ? nil : try self.values(found, command, source, inner)
            return Node(.values(WildcardNode(key: key, entries: found.entries, nodes: nodes)))
        }
    }

    private mutating func parameters(_ wildcard: Command.Wildcard, _ scope: Scope) -> Scope {
        guard !wildcard.parameters.isEmpty else { return scope }
        let bindings = wildcard.parameters.map { ($0.name, Scope.Binding.written($0.value.root, in: $0.value)) }
        let inner = Scope(outer: scope, bindings: Dictionary(bindings) { $1 })
        scopes.append(inner)
        return inner
    }

    private mutating func values(_ found: Found, _ command: Command, _ source: ParsedPrompt, _ scope: Scope)
        throws(PromptError) -> [Node]
    {
        try within(found, command, source) { (self) throws(PromptError) in
            var nodes: [Node] = []
            for value in found.entries.values {
                switch value {
                case .plain(let text): nodes.append(Node(.text(text)))
                case .parsed(let parsed): nodes.append(try self.fill(parsed.root, parsed, scope))
                case .invalid: nodes.append(Self.nothing)
                }
            }
            return nodes
        }
    }

    /// Goes into a wildcard's values.
    mutating func within<Result>(
        _ found: Found, _ command: Command, _ source: ParsedPrompt,
        _ body: (inout Resolver) throws(PromptError) -> Result
    ) throws(PromptError) -> Result {
        let name = String(decoding: found.name, as: UTF8.self)
        let step = Step.wildcard(name)
        if steps.contains(step) { throw cycle(step, at: command, source) }
        for (place, value) in found.entries.values.enumerated() {
            guard case .invalid(let reason) = value else { continue }
            throw failure(
                .invalidWildcardValue,
                "value `\(found.entries.texts[place].prefix(40))` of `__\(name)__`: "
                    + reason.message, hint: "correct the value in the wildcard's file", at: command, source)
        }
        entries.append(found.entries)
        steps.append(step)
        let outerAnchor = anchor
        if source === prompt.parsed { anchor = command.span }
        defer {
            steps.removeLast()
            anchor = outerAnchor
        }
        return try body(&self)
    }

    /// Fills in the name, and looks it up.
    mutating func named(
        _ wildcard: Command.Wildcard, _ command: Command, _ source: ParsedPrompt, _ scope: Scope,
        _ make: (inout Resolver, Found) throws(PromptError) -> Node
    ) throws(PromptError) -> Node {
        let path: Node
        do {
            let wasName = isName
            isName = true
            defer { isName = wasName }
            path = try fill(wildcard.path, source, scope)
        }
        if let name = path.constant { return try make(&self, find(name, command, source)) }
        var writer = CombinationWriter(combination: .zero, picks: PickSource(seed: (0, 0)))
        guard !path.count.isZero else { return Self.nothing }
        writer.write(path, .zero, scope: 0)
        let firstName = writer.text
        let first = try make(&self, find(firstName, command, source))
        var all = [firstName: first]
        var collector = NameCollector()
        guard let names = collector.names(of: path) else {
            throw failure(
                .tooLarge, "the wildcard can have more than \(PromptLimits.wildcardNames) names", at: command, source)
        }
        for name in names where all[name] == nil { all[name] = try make(&self, find(name, command, source)) }
        return Node(.named(by: path, Node.Names(first: first, all: all)))
    }

    private func find(_ name: [UInt8], _ command: Command, _ source: ParsedPrompt) throws(PromptError) -> Found {
        let pattern = String(decoding: name, as: UTF8.self)
        guard let entries = wildcards.entries(matching: pattern) else {
            throw failure(
                .unknownWildcard, "unknown wildcard `\(pattern)`",
                hint: wildcards.nearestName(to: pattern).map { "did you mean `__\($0)__`?" }
                    ?? "add the wildcard, or write `variants: none` to take the text as it stands", at: command, source)
        }
        guard !entries.values.isEmpty else {
            throw failure(
                .emptyWildcard, "wildcard `\(pattern)` has no values", hint: "write one value a line into its file",
                at: command, source)
        }
        return Found(name: name, entries: entries)
    }
}

extension Command {
    /// Nothing is written there.
    var isEmpty: Bool {
        if case .sequence(let commands) = kind { commands.isEmpty } else { false }
    }
}
