import NightjarCore
import PromptLanguage

/// The axes of a batch, and the combinations of them that are left out.
struct Matrix: Sendable, Equatable {
    struct Axis: Sendable, Equatable {
        var name: String
        /// Texts, none twice.
        var values: [String]
        /// The request field that each value sets, where the axis is named like one.
        var fields: [RequestFields]?
    }

    /// In the order of the manifest; the last moves fastest.
    private(set) var axes: [Axis]
    /// For each axis and value, the exclusions that it satisfies: a bit each.
    private let satisfied: [[Bits]]
    private let exclusions: Int
    /// Combinations that are made; `nil` where the exclusions are too entangled to be counted in bounded time.
    let count: BigNatural?
    /// Without the axes: one combination, of nothing.
    static let none = Matrix(axes: [], exclusions: [])

    /// A set of exclusions.
    typealias Bits = [UInt64]

    /// - Parameter exclusions: For each, by axis the values (as places in it) that are left out together; an axis that is
    ///   not named can have any value.
    init(axes: [Axis], exclusions: [[Int: Set<Int>]]) {
        self.axes = axes
        self.exclusions = exclusions.count
        let words = (exclusions.count + 63) / 64
        let satisfied = axes.indices.map { axis in
            axes[axis].values.indices.map { value in
                var bits = Bits(repeating: 0, count: words)
                for (number, exclusion) in exclusions.enumerated() where exclusion[axis]?.contains(value) ?? true {
                    bits[number / 64] |= 1 << UInt64(number % 64)
                }
                return bits
            }
        }
        self.satisfied = satisfied
        func total(_ order: some Sequence<Int>) -> BigNatural? {
            var counter = Counter(axes: order.map { axes[$0] }, satisfied: order.map { satisfied[$0] })
            let total = counter.count(from: 0, alive: Self.all(exclusions.count))
            return counter.isOverwhelmed ? nil : total
        }
        // Draws count in the order of the names; whether that can be done must not depend on the manifest's order.
        count = total(axes.indices.sorted { axes[$0].name < axes[$1].name })
    }

    /// Whether this many values and exclusions can be held and counted in bounded memory.
    static func isTractable(values: Int, exclusions: Int) -> Bool {
        values * ((exclusions + 63) / 64) <= 2_000_000
    }

    static func all(_ count: Int) -> Bits {
        (0..<((count + 63) / 64)).map { word in
            let rest = count - word * 64
            return rest >= 64 ? UInt64.max : (1 << UInt64(rest)) - 1
        }
    }

    /// Calls `body` with each combination that is made, as places in the axes.
    func forEach(_ body: ([Int]) throws -> Void) rethrows {
        var places = [Int](repeating: 0, count: axes.count)
        guard axes.allSatisfy({ !$0.values.isEmpty }) else { return }
        while true {
            if !isExcluded(places) { try body(places) }
            var axis = axes.count - 1
            while axis >= 0 {
                places[axis] += 1
                if places[axis] < axes[axis].values.count { break }
                places[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// The number of a combination among all, those that are excluded counted as well.
    func number(of places: [Int]) -> BigNatural {
        zip(axes, places).reduce(.zero) { $0 * BigNatural($1.0.values.count) + BigNatural($1.1) }
    }

    func isExcluded(_ places: [Int]) -> Bool {
        guard exclusions > 0 else { return false }
        for word in 0..<((exclusions + 63) / 64) {
            var alive = Self.all(exclusions)[word]
            for (axis, place) in places.enumerated() where alive != 0 { alive &= satisfied[axis][place][word] }
            if alive != 0 { return true }
        }
        return false
    }

    /// Counts without making: axis by axis, values that satisfy the same exclusions together.
    struct Counter {
        private let axes: [Axis]
        private let satisfied: [[Bits]]
        /// For each axis, how many values satisfy each set of exclusions.
        private let classes: [[(bits: Bits, values: UInt64)]]
        /// What is left from an axis on, without exclusions.
        private let whole: [BigNatural]
        private var known: [Key: BigNatural] = [:]
        private static let mostKnown = 100_000
        /// Too much to count; what was counted is wrong.
        private(set) var isOverwhelmed = false

        private struct Key: Hashable {
            var axis: Int
            var alive: Bits
        }

        init(axes: [Axis], satisfied: [[Bits]]) {
            self.axes = axes
            self.satisfied = satisfied
            classes = satisfied.map { values in
                Dictionary(grouping: values, by: { $0 }).map { ($0.key, UInt64($0.value.count)) }
            }
            var whole = [BigNatural(1)]
            for axis in axes.reversed() {
                whole.append((whole.last ?? BigNatural(1)) * BigNatural(UInt64(axis.values.count)))
            }
            self.whole = whole.reversed()
        }

        /// Combinations of the axes from `axis` on that are made, where `alive` are the exclusions that the values of the
        /// axes before satisfy.
        mutating func count(from axis: Int, alive: Bits) -> BigNatural {
            if alive.allSatisfy({ $0 == 0 }) { return whole[axis] }
            // Satisfied on every axis: left out.
            if axis == axes.count { return BigNatural(0) }
            let key = Key(axis: axis, alive: alive)
            if let count = known[key] { return count }
            guard known.count < Self.mostKnown else {
                isOverwhelmed = true
                return BigNatural(0)
            }
            var sum = BigNatural(0)
            for (bits, values) in classes[axis] {
                let rest = count(from: axis + 1, alive: zip(alive, bits).map { $0 & $1 })
                sum = sum + rest * BigNatural(values)
            }
            known[key] = sum
            return sum
        }
    }

    /// The same, with the axes sorted by name: for what must not depend on their order.
    func sortedByName() -> (matrix: Matrix, order: [Int]) {
        let order = axes.indices.sorted { axes[$0].name < axes[$1].name }
        return (Matrix(axes: order.map { axes[$0] }, satisfied: order.map { satisfied[$0] }, self), order)
    }

    private init(axes: [Axis], satisfied: [[Bits]], _ other: Matrix) {
        self.axes = axes
        self.satisfied = satisfied
        exclusions = other.exclusions
        count = other.count
    }

    /// Which exclusions a value of an axis satisfies.
    func satisfied(axis: Int, place: Int) -> Bits { satisfied[axis][place] }

    func counter() -> Counter { Counter(axes: axes, satisfied: satisfied) }

    var hasExclusions: Bool { exclusions > 0 }
    var allExclusions: Bits { Self.all(exclusions) }
}
