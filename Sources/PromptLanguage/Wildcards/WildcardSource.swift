import Synchronization

/// A line of a wildcard.
package struct WildcardValue: Hashable, Sendable {
    /// Itself a prompt.
    package var text: String
    /// At least 0; 1 where none is given. All combinations hold a value as often as the whole part of its weight
    /// says (so 0.5 stands for none), as the Python package has it; a draw takes the weight as it is.
    package var weight: Double

    package init(_ text: String, weight: Double = 1) {
        self.text = text
        self.weight = weight
    }
}

/// Where wildcards come from.
package protocol WildcardSource: Sendable {
    /// - Parameter pattern: What stands between the underscores, perhaps with `*`, `?` or `[…]`.
    /// - Returns: The values of all wildcards that match, in any order; `nil` when none does.
    func values(matching pattern: String) -> [WildcardValue]?
    /// - Returns: A name that may have been meant; `nil` when none is close.
    func nearestName(to pattern: String) -> String?
}

/// Keeps what has been looked up and parsed, for all prompts that use the same wildcards.
///
/// Wrap a source once, and pass this to each `PromptExpansion`.
package final class CachedWildcards: WildcardSource {
    private let source: any WildcardSource
    /// Guards the entries by pattern; `nil` for a pattern that matches nothing.
    private let known = Mutex<[String: WildcardEntries?]>([:])

    package init(_ source: any WildcardSource) { self.source = source }

    package func values(matching pattern: String) -> [WildcardValue]? { source.values(matching: pattern) }
    package func nearestName(to pattern: String) -> String? { source.nearestName(to: pattern) }

    func entries(matching pattern: String) -> WildcardEntries? {
        if let entries = known.withLock({ $0[pattern] }) { return entries }
        let entries = source.values(matching: pattern).map(WildcardEntries.init)
        known.withLock { $0[pattern] = .some(entries) }
        return entries
    }
}

/// The values of a pattern: sorted by code points, equal ones once, as the Python package has them.
final class WildcardEntries: Sendable {
    enum Value: Sendable {
        case plain([UInt8])
        case parsed(ParsedPrompt)
        case invalid(PromptParser.Failure)
    }

    let values: [Value]
    let texts: [String]
    /// `nil` when all are equal.
    let weights: [Double]?
    /// How often all combinations hold each; `nil` when each is held once.
    let repeats: [UInt64]?
    /// Whether every value is plain text.
    let isPlain: Bool
    let hashes: [UInt64]
    /// Made when it is first drawn from.
    private let knownTree = Mutex<DrawTree?>(nil)
    /// The places of plain values that are held at least once, without the second of equal texts; `nil` when that is
    /// all of them.
    let distinct: [Int]?
    /// Combinations of values that are all plain text.
    let total: BigNatural
    /// Bytes of the longest value.
    let longest: Int

    init(_ values: [WildcardValue]) {
        var seen: Set<Bytes> = []
        let sorted = values.enumerated()
            .sorted { left, right in
                left.element.text.utf8.elementsEqual(right.element.text.utf8)
                    ? left.offset < right.offset
                    : left.element.text.utf8.lexicographicallyPrecedes(right.element.text.utf8)
            }
            .map(\.element)
            .filter { seen.insert(Bytes(text: Array($0.text.utf8), weight: $0.weight)).inserted }
        texts = sorted.map(\.text)
        self.values = texts.map(Self.value)
        isPlain = self.values.allSatisfy { if case .plain = $0 { true } else { false } }
        let weights = sorted.map { $0.weight.isFinite ? max(0, $0.weight) : 0 }
        self.weights = weights.allSatisfy { $0 == weights.first } ? nil : weights
        let repeats = weights.map { UInt64(min($0, 0x1p53)) }
        self.repeats = repeats.allSatisfy { $0 == 1 } ? nil : repeats
        hashes = OptionHashes.of(texts.map { Array($0.utf8) })
        var places: [Int] = []
        for place in sorted.indices where repeats[place] > 0 {
            if let last = places.last, texts[last].utf8.elementsEqual(texts[place].utf8) { continue }
            places.append(place)
        }
        distinct = places.count == sorted.count ? nil : places
        total = repeats.reduce(.zero) { $0 + BigNatural($1) }
        longest = texts.reduce(0) { max($0, $1.utf8.count) }
    }

    var tree: DrawTree {
        knownTree.withLock { known in
            let tree = known ?? DrawTree(hashes: hashes, weights: weights)
            known = tree
            return tree
        }
    }

    private static func value(_ text: String) -> Value {
        if PromptTemplate.isPlain(text) { return .plain(Array(text.utf8)) }
        var parser = PromptParser(Array(text.utf8))
        do {
            return .parsed(try parser.parsed())
        } catch {
            return .invalid(error)
        }
    }

    private struct Bytes: Hashable {
        var text: [UInt8]
        var weight: Double
    }
}
