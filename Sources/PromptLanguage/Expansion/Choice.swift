/// `{…}` with its options filled in.
///
/// The Python package gives equal results of one choice once, and takes no two equal texts together. That is exact here
/// for options that are plain text, and for all others while a choice has at most `PromptLimits.comparedResults`
/// results; variables of the manifest count as texts that equal only themselves. Beyond that, results of different
/// options are taken to be different, as are those of options with `~` or `@` in them.
struct Choice: Sendable {
    enum Options: Sendable {
        case nodes([Node])
        /// Values of a wildcard that are all plain text.
        case entries(WildcardEntries)

        var count: Int {
            switch self {
            case .nodes(let nodes): nodes.count
            case .entries(let entries): entries.values.count
            }
        }
    }

    enum Plan: Sendable {
        /// All results, which have been compared.
        case results([[UInt8]])
        /// - `places`: Which option each of those that are selected from is; `nil` when it is all of them.
        /// - `distinct`: For an option with equal results, those that count.
        case selections(Selections, places: [Int]?, distinct: [Int: [Int]])
    }

    let key: UInt64
    let options: Options
    /// What options that are nodes are drawn by.
    private let ownTree: DrawTree
    let least: Int
    let most: Int
    let separator: [UInt8]
    let plan: Plan
    let count: BigNatural
    let work: Int
    let isDrawn: Bool

    /// - Parameter tree: Of options that are nodes, by their texts; values of a wildcard have their own.
    init(
        key: UInt64, options: Options, tree: DrawTree = DrawTree(hashes: []), least: Int, most: Int,
        separator: [UInt8], plan: Plan
    ) {
        self.key = key
        self.options = options
        ownTree = tree
        self.least = least
        self.most = most
        self.separator = separator
        self.plan = plan
        switch plan {
        case .results(let results): count = BigNatural(results.count)
        case .selections(let selections, _, _): count = selections.count
        }
        let longest: Int
        switch options {
        case .nodes(let nodes):
            longest = nodes.reduce(1) { max($0, $1.work) }
            isDrawn = nodes.contains(where: \.isDrawn)
        case .entries(let entries):
            longest = entries.longest
            isDrawn = false
        }
        work = Node.added(1, Node.multiplied(max(1, most), Node.added(longest, separator.count)))
    }

    /// What the options are drawn by.
    var tree: DrawTree {
        if case .entries(let entries) = options { entries.tree } else { ownTree }
    }

    /// Texts with the separator between them, which is taken off once at either end, as the package does.
    static func joined(_ texts: [[UInt8]], _ separator: [UInt8]) -> [UInt8] {
        if texts.count == 1 { return texts[0] }
        var joined = Array(texts.joined(separator: separator))
        guard !separator.isEmpty else { return joined }
        if joined.starts(with: separator) { joined.removeFirst(separator.count) }
        if joined.suffix(separator.count).elementsEqual(separator) { joined.removeLast(separator.count) }
        return joined
    }
}
