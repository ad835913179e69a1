/// Ordered selections of some of several options, each option in one of its results: counts them, and finds the n-th.
///
/// They come in the order of the Python package: by how many are taken, then by the options taken, the first deciding
/// first, then by the results of those.
struct Selections: Sendable {
    /// How many results each option has.
    enum Sizes: Sendable {
        case ones(Int)
        case given([BigNatural])

        var count: Int {
            switch self {
            case .ones(let count): count
            case .given(let sizes): sizes.count
            }
        }

        subscript(place: Int) -> BigNatural {
            switch self {
            case .ones: .one
            case .given(let sizes): sizes[place]
            }
        }
    }

    let sizes: Sizes
    let least: Int
    let most: Int
    /// By how many are taken, from `least` on.
    private let counts: [BigNatural]
    /// Different sizes, and how often each stands.
    private let groups: [BigNatural: Int]

    var count: BigNatural { counts.reduce(.zero, +) }

    /// - Returns: `nil` when counting them would take too long.
    init?(_ sizes: Sizes, least: Int, most: Int) {
        self.sizes = sizes
        self.least = least
        self.most = most
        var groups: [BigNatural: Int] = [:]
        switch sizes {
        case .ones(let count): groups[.one] = count
        case .given(let sizes): for size in sizes { groups[size, default: 0] += 1 }
        }
        // An option without results can never be taken.
        groups[.zero] = nil
        self.groups = groups
        guard least <= most else {
            counts = []
            return
        }
        if most == 1 {
            let one = groups.reduce(BigNatural.zero) { $0 + $1.key * BigNatural($1.value) }
            counts = least == 0 ? [.one, one] : [one]
            return
        }
        let isUniform = groups.count <= 1
        let limbs = 1 + (groups.keys.map(\.limbs.count).max() ?? 0)
        let steps = isUniform ? most * most : most * most * groups.count * 2 + most * sizes.count
        guard most <= PromptLimits.picks, Node.multiplied(steps, limbs) <= 20_000_000 else { return nil }
        var sums = Self.symmetricSums(groups, upTo: most)
        sums += Array(repeating: .zero, count: max(0, most + 1 - sums.count))
        var factorial = BigNatural.one
        var all: [BigNatural] = []
        for taken in 0...most {
            if taken > 1 { factorial *= BigNatural(taken) }
            if taken >= least { all.append(factorial * sums[taken]) }
        }
        counts = all
    }

    /// Elementary symmetric polynomials of the sizes: the coefficients of the product of all (1 + size · x).
    private static func symmetricSums(_ groups: [BigNatural: Int], upTo most: Int) -> [BigNatural] {
        var sums = [BigNatural.one]
        for (size, count) in groups {
            var factor = [BigNatural.one]
            for taken in 0..<min(count, most) {
                let next = factor[taken] * size * BigNatural(count - taken)
                factor.append(next.quotientAndRemainder(dividingBy: BigNatural(taken + 1)).quotient)
            }
            if sums.count == 1 {
                sums = factor
                continue
            }
            var product = [BigNatural](repeating: .zero, count: min(most, sums.count + factor.count - 2) + 1)
            for (first, a) in sums.enumerated() {
                for (second, b) in factor.enumerated() where first + second <= most { product[first + second] += a * b }
            }
            sums = product
        }
        return sums
    }

    /// - Parameter index: Less than `count`.
    /// - Returns: The options, and which of its results each stands in.
    func selection(at index: BigNatural) -> [(option: Int, result: BigNatural)] {
        var rest = index
        var taken = least
        for count in counts {
            if rest < count { break }
            rest -= count
            taken += 1
        }
        if taken == 1 {
            if case .ones = sizes { return [(rest.exactInt ?? 0, .zero)] }
            for option in 0..<sizes.count {
                if rest < sizes[option] { return [(option, rest)] }
                rest -= sizes[option]
            }
        }
        let options = groups.count == 1 ? uniform(&rest, taken) : mixed(&rest, taken)
        var results: [(option: Int, result: BigNatural)] = []
        for option in options.reversed() {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: sizes[option])
            results.append((option, remainder))
            rest = quotient
        }
        return results.reversed()
    }

    /// All options have as many results, so each block is as large.
    private func uniform(_ rest: inout BigNatural, _ taken: Int) -> [Int] {
        guard let (size, available) = groups.first else { return [] }
        var left = (0..<sizes.count).filter { !sizes[$0].isZero }
        var block = (0..<taken).reduce(BigNatural.one) { $0 * BigNatural(available - $1) * size }
        // The results of the options come after the options themselves.
        return (0..<taken).map { step in
            block = block.quotientAndRemainder(dividingBy: BigNatural(available - step)).quotient
            let (place, remainder) = rest.quotientAndRemainder(dividingBy: block)
            rest = remainder
            return left.remove(at: place.exactInt ?? 0)
        }
    }

    private func mixed(_ rest: inout BigNatural, _ taken: Int) -> [Int] {
        var left = (0..<sizes.count).filter { !sizes[$0].isZero }
        var sums = Self.symmetricSums(groups, upTo: taken)
        var options: [Int] = []
        var chosen = BigNatural.one
        var factorials = [BigNatural.one]
        for factor in 1...max(1, taken) { factorials.append(factorials[factor - 1] * BigNatural(factor)) }
        for step in 0..<taken {
            let others = taken - step - 1
            var blocks: [BigNatural: (block: BigNatural, sums: [BigNatural])] = [:]
            for place in left.indices {
                let size = sizes[left[place]]
                let known = blocks[size]
                let without = known?.sums ?? Self.without(size, sums, upTo: others)
                let block = known?.block ?? chosen * size * factorials[others] * without[others]
                blocks[size] = (block, without)
                if rest < block {
                    chosen *= size
                    sums = without
                    options.append(left.remove(at: place))
                    break
                }
                rest -= block
            }
        }
        return options
    }

    /// The sums of all but one option of that size.
    private static func without(_ size: BigNatural, _ sums: [BigNatural], upTo most: Int) -> [BigNatural] {
        var result = [BigNatural.one]
        for degree in 0..<most {
            let sum = degree + 1 < sums.count ? sums[degree + 1] : .zero
            result.append(sum - size * result[degree])
        }
        return result
    }
}
