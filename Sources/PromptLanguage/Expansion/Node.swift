/// A piece of a prompt with its wildcards and variables filled in. Pieces are shared where the same thing stands twice.
final class Node: Sendable {
    enum Kind: Sendable {
        /// UTF-8, with marks for variables of the manifest.
        case text([UInt8])
        case sequence([Node])
        case choice(Choice)
        case values(WildcardNode)
        case wrap(wrapper: Node, inner: Node)
        /// A variable or wildcard: what lies below is drawn anew for each place that names it.
        case scope(key: UInt64, Node)
        /// `=!`: taken once for all places. The key is a hash of what defines it.
        case once(key: UInt64, Node)
        /// `~` and `@`.
        case single(SamplingMethod, Node)
        /// A wildcard whose name is itself chosen. Combinations take the first name; draws take any.
        case named(by: Node, Names)
    }

    struct Names: Sendable {
        var first: Node
        var all: [[UInt8]: Node]
    }

    let kind: Kind
    /// Combinations.
    let count: BigNatural
    /// Bytes and pieces of the longest result, at least 1; saturating.
    let work: Int
    /// Whether results depend on draws, so that they cannot be compared beforehand.
    let isDrawn: Bool

    init(_ kind: Kind) {
        self.kind = kind
        switch kind {
        case .text(let bytes): (count, work, isDrawn) = (.one, bytes.count + 1, false)
        case .sequence(let nodes):
            // Most factors are 1.
            count = nodes.reduce(.one) { $1.count == .one ? $0 : $0 * $1.count }
            work = nodes.reduce(1) { Node.added($0, $1.work) }
            isDrawn = nodes.contains(where: \.isDrawn)
        case .choice(let choice): (count, work, isDrawn) = (choice.count, choice.work, choice.isDrawn)
        case .values(let node): (count, work, isDrawn) = (node.count, node.work, node.isDrawn)
        case .wrap(let wrapper, let inner):
            count = wrapper.count * inner.count
            work = Node.added(Node.added(1, wrapper.work), inner.work)
            isDrawn = wrapper.isDrawn || inner.isDrawn
        case .scope(_, let node): (count, work, isDrawn) = (node.count, Node.added(1, node.work), node.isDrawn)
        case .once(_, let node):
            (count, work, isDrawn) = (min(.one, node.count), Node.added(1, node.work), node.isDrawn)
        case .single(_, let node): (count, work, isDrawn) = (min(.one, node.count), Node.added(1, node.work), true)
        case .named(let path, let names):
            count = names.first.count
            work = names.all.values.reduce(Node.added(1, path.work)) { max($0, Node.added($1.work, path.work)) }
            isDrawn = names.first.isDrawn
        }
    }

    static func added(_ first: Int, _ second: Int) -> Int {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }

    static func multiplied(_ first: Int, _ second: Int) -> Int {
        let (product, overflow) = first.multipliedReportingOverflow(by: second)
        return overflow ? .max : product
    }

    /// The text of a piece that has only one, for which no mark stands.
    var constant: [UInt8]? {
        switch kind {
        case .text(let bytes): bytes
        case .sequence(let nodes):
            nodes.reduce([UInt8]?([])) { text, node in
                guard let text, let more = node.constant else { return nil }
                return text + more
            }
        case .scope(_, let node): node.constant
        case .choice, .values, .wrap, .once, .single, .named: nil
        }
    }
}

/// A wildcard outside a choice: all results of all its values, one after the other.
struct WildcardNode: Sendable {
    let key: UInt64
    let entries: WildcardEntries
    /// One for each value; `nil` when all are plain text.
    let nodes: [Node]?
    let count: BigNatural
    let work: Int
    let isDrawn: Bool

    init(key: UInt64, entries: WildcardEntries, nodes: [Node]?) {
        self.key = key
        self.entries = entries
        self.nodes = nodes
        if let nodes {
            count = nodes.indices.reduce(.zero) { sum, place in
                sum + nodes[place].count * BigNatural(entries.repeats?[place] ?? 1)
            }
            work = nodes.reduce(1) { max($0, Node.added(1, $1.work)) }
            isDrawn = nodes.contains(where: \.isDrawn)
        } else {
            count = entries.total
            work = entries.longest + 1
            isDrawn = false
        }
    }

    /// - Parameter index: Less than `count`.
    /// - Returns: The value, and which of its results.
    func place(of index: BigNatural) -> (value: Int, index: BigNatural) {
        if nodes == nil, entries.repeats == nil { return (index.exactInt ?? 0, .zero) }
        var rest = index
        for place in entries.values.indices {
            let each = nodes?[place].count ?? .one
            let block = each * BigNatural(entries.repeats?[place] ?? 1)
            if rest < block { return (place, rest.quotientAndRemainder(dividingBy: each).remainder) }
            rest -= block
        }
        preconditionFailure("a combination beyond the last")
    }
}

/// Variables of the manifest within text: bytes that UTF-8 never uses, so that no text can be taken for one.
enum VariableMark {
    static func bytes(_ number: Int) -> [UInt8] {
        var digits: [UInt8] = []
        var rest = number
        repeat {
            digits.append(0xF8 + UInt8(rest % 7))
            rest /= 7
        } while rest > 0
        return digits + [0xFF]
    }

    static func replaced(in bytes: [UInt8], by values: (Int) -> String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var (number, scale) = (0, 1)
        for byte in bytes {
            if byte < 0xF8 {
                result.append(byte)
            } else if byte < 0xFF {
                number += Int(byte - 0xF8) * scale
                scale *= 7
            } else {
                result += Array(values(number).utf8)
                (number, scale) = (0, 1)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
