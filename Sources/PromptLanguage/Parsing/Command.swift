/// How a choice or wildcard is taken within an expansion to all combinations.
enum SamplingMethod: Hashable {
    /// `!`: each in turn, as without a symbol.
    case combinatorial
    /// `~`: one, drawn.
    case random
    /// `@`: the next one with each combination.
    case cyclical
}

/// A piece of a prompt as it is written.
///
/// Equal when the language cannot tell them apart; where they stand plays no part.
final class Command: Hashable, Sendable {
    enum Kind: Hashable {
        /// UTF-8: a `String` would compare by canonical equivalence.
        case literal([UInt8])
        case sequence([Command])
        case variant(Variant)
        case wildcard(Wildcard)
        case access(name: String, fallback: Command?)
        case assignment(Assignment)
        case wrap(wrapper: Command, inner: Command)
    }

    struct Variant: Hashable {
        var options: [Option]
        /// How many are taken at once, at least.
        var least: Int
        var most: Int
        var separator: [UInt8]
        var method: SamplingMethod?
    }

    struct Option: Hashable {
        var value: Command
        var weight: Double
    }

    struct Wildcard: Hashable {
        var path: Command
        var method: SamplingMethod?
        var parameters: [Parameter]
    }

    struct Parameter: Hashable {
        var name: String
        var value: ParsedPrompt
    }

    struct Assignment: Hashable {
        var name: String
        var value: Command
        /// `=`, and not `?=`.
        var overwrites: Bool
        /// `=!`: taken once.
        var isImmediate: Bool
    }

    let kind: Kind
    /// Bytes of the text it was parsed from.
    let span: Range<Int>
    /// Kept, so that deep commands are not walked again for each comparison.
    private let digest: Int

    init(_ kind: Kind, _ span: Range<Int>) {
        self.kind = kind
        self.span = span
        digest = kind.hashValue
    }

    static func == (left: Command, right: Command) -> Bool {
        left === right || (left.digest == right.digest && left.kind == right.kind)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(digest) }

    /// One command stands for itself.
    static func joined(_ commands: [Command], _ span: Range<Int>) -> Command {
        commands.count == 1 ? commands[0] : Command(.sequence(commands), span)
    }

    var method: SamplingMethod? {
        switch kind {
        case .variant(let variant): variant.method
        case .wildcard(let wildcard): wildcard.method
        case .literal, .sequence, .access, .assignment, .wrap: nil
        }
    }
}

/// A text that has been parsed: a prompt, a wildcard's value, or a wildcard's parameter.
final class ParsedPrompt: Hashable, Sendable {
    let bytes: [UInt8]
    let root: Command
    /// By the offset of a choice, a wildcard or a variable: a hash of its text, and of how many equal ones stand
    /// before it.
    let keys: [Int: UInt64]

    init(bytes: [UInt8], root: Command) {
        self.bytes = bytes
        self.root = root
        var numbering = TokenNumbering(bytes: bytes)
        numbering.number(root)
        keys = numbering.keys
    }

    static func == (left: ParsedPrompt, right: ParsedPrompt) -> Bool { left.root == right.root }
    func hash(into hasher: inout Hasher) { hasher.combine(root) }
}

/// Numbers equal tokens in the order in which they stand.
private struct TokenNumbering {
    let bytes: [UInt8]
    var keys: [Int: UInt64] = [:]
    private var seen: [UInt64: UInt64] = [:]

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func number(_ command: Command) {
        switch command.kind {
        case .literal: break
        case .sequence(let commands): for each in commands { number(each) }
        case .variant(let variant):
            take(command)
            for option in variant.options { number(option.value) }
        case .wildcard(let wildcard):
            take(command)
            number(wildcard.path)
        case .access(_, let fallback):
            take(command)
            if let fallback { number(fallback) }
        case .assignment(let assignment): number(assignment.value)
        case .wrap(let wrapper, let inner):
            number(wrapper)
            number(inner)
        }
    }

    private mutating func take(_ command: Command) {
        let token = Mixing.fnv1a(bytes[command.span])
        let number = seen[token, default: 0]
        seen[token] = number + 1
        keys[command.span.lowerBound] = Mixing.mixed(token, number)
    }
}
