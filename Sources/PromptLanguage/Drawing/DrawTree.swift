/// Draws from options, each with a hash of its own and a weight: their order decides nothing.
///
/// Each option has a time of its own for each draw, the shorter the more it weighs, and the one whose time comes first is
/// drawn: with a chance in proportion to its weight ("weighted rendezvous hashing", Schindelhauer and Schomaker, 2005). An
/// option that is added takes its share of the draws from the others, and moves none between them.
///
/// That costs a look at every option. Of very many, the halves have the times: those of the options whose hash has the next
/// bit set, and the others, and so on down to one. Then a draw costs the logarithm of their number, and an option that is
/// added moves a few times its share.
package struct DrawTree: Sendable {
    /// Options whose weight a draw decides.
    package struct Group: Sendable {
        /// In the order of the hashes, ascending.
        package let positions: [Int]

        package init(positions: [Int]) { self.positions = positions }

        fileprivate func count(in range: Range<Int>) -> Int {
            DrawTree.partition(positions.indices) { positions[$0] >= range.upperBound }
                - DrawTree.partition(positions.indices) { positions[$0] >= range.lowerBound }
        }
    }

    /// In ascending order.
    private let hashes: [UInt64]
    /// Of each hash, the place of its option.
    private let options: [Int32]
    /// The weights before each, and that of all; `nil` when all are equal.
    private let sums: [Double]?
    /// Options that have a weight.
    private let weighted: Int
    /// Up to so many, each has a time of its own.
    private let mostOneByOne: Int

    /// Up to so many, one after the other is drawn from halves; more are sorted all at once.
    private static let mostFromHalves = 64

    /// - Parameters:
    ///   - hashes: One for each option; of two that are the same, the first comes first.
    ///   - weights: `nil` when all are equal. At least 0; if all are 0, all are equal.
    ///   - mostOneByOne: Up to so many options a draw looks at each.
    package init(hashes: [UInt64], weights: [Double]? = nil, mostOneByOne: Int = 1024) {
        let order = hashes.indices.sorted { (hashes[$0], $0) < (hashes[$1], $1) }
        self.hashes = order.map { hashes[$0] }
        self.mostOneByOne = mostOneByOne
        options = order.map(Int32.init)
        guard let weights, weights.contains(where: { $0 > 0 }) else {
            sums = nil
            weighted = order.count
            return
        }
        var sums = [0.0]
        sums.reserveCapacity(order.count + 1)
        for option in order { sums.append(sums[sums.count - 1] + weights[option]) }
        self.sums = sums
        weighted = zip(sums, sums.dropFirst()).count { $0 < $1 }
    }

    package var count: Int { hashes.count }

    /// The place of an option by its position in the order of the hashes.
    package func option(at position: Int) -> Int { Int(options[position]) }

    /// - Parameter key: Of the draw.
    /// - Returns: The place of an option.
    package func pick(_ key: UInt64) -> Int {
        guard count <= mostOneByOne else { return option(at: position(key, without: [])) }
        guard sums == nil else { return option(at: first(key)) }
        return option(at: greatest(key, among: hashes.indices).position)
    }

    /// A draw with weights of its own.
    /// - Parameters:
    ///   - groups: All options, each in one of them.
    ///   - weights: Of an option of each group, not 0 for all.
    package func pick(_ key: UInt64, _ groups: [Group], weights: [Double]) -> Int {
        guard count <= mostOneByOne else {
            let range = position(key) { range in
                zip(groups, weights).reduce(0) { $1.1 > 0 ? $0 + $1.1 * Double($1.0.count(in: range)) : $0 }
            }
            return option(at: range.lowerBound)
        }
        var best: (time: Double, position: Int)?
        for (group, weight) in zip(groups, weights) where weight > 0 {
            let (number, position) = greatest(key, among: group.positions)
            let time = FixedPoint.negativeLogarithm(number) / weight
            if time < best?.time ?? .infinity { best = (time, position) }
        }
        return option(at: best?.position ?? 0)
    }

    /// As if one were drawn after the other, without putting back; those of weight 0 come last.
    /// - Parameter count: At most the number of options.
    package func picks(_ count: Int, _ key: UInt64) -> [Int] {
        if count == 1 { return [pick(key)] }
        guard count > 0, self.count > mostOneByOne, count <= Self.mostFromHalves else {
            return count == 0 ? [] : sorted(key).prefix(count).map(option(at:))
        }
        var taken: [Int] = []
        for number in 0..<UInt64(count) {
            taken.append(position(number == 0 ? key : Mixing.mixed(key, number), without: taken))
        }
        return taken.map(option(at:))
    }

    // MARK: One by one

    /// The greatest number stands for the first time.
    private func greatest(_ key: UInt64, among positions: some Sequence<Int>) -> (number: UInt64, position: Int) {
        var best: (number: UInt64, position: Int)?
        for position in positions {
            let number = Mixing.mixed(key, hashes[position])
            if best.map({ number > $0.number }) ?? true { best = (number, position) }
        }
        return best ?? (0, 0)
    }

    private func first(_ key: UInt64) -> Int {
        hashes.indices.map { (position: $0, time: time(key, $0)) }.min { $0.time < $1.time }?.position ?? 0
    }

    private func sorted(_ key: UInt64) -> [Int] {
        let times = hashes.indices.map { time(key, $0) }
        return hashes.indices.sorted { times[$0] == times[$1] ? $0 < $1 : times[$0] < times[$1] }
    }

    /// What has no weight comes after all that has some.
    private func time(_ key: UInt64, _ position: Int) -> (isLast: Int, Double) {
        let weight = sums.map { $0[position + 1] - $0[position] } ?? 1
        let time = FixedPoint.negativeLogarithm(Mixing.mixed(key, hashes[position]))
        return weight > 0 ? (0, time / weight) : (1, time)
    }

    // MARK: By halves

    private func position(_ key: UInt64, without taken: [Int]) -> Int {
        func left(in range: Range<Int>) -> Int { range.count - taken.count { range.contains($0) } }
        func weight(of range: Range<Int>) -> Double {
            guard let sums, left(in: range) > 0 else { return Double(left(in: range)) }
            return taken.reduce(sums[range.upperBound] - sums[range.lowerBound]) {
                range.contains($1) ? $0 - (sums[$1 + 1] - sums[$1]) : $0
            }
        }
        // Where nothing that is left has a weight, all have the same.
        let weighs = { (position: Int) in self.sums.map { $0[position + 1] > $0[position] } ?? true }
        let isWeighted = taken.count(where: weighs) < weighted
        let range = position(key) { isWeighted ? weight(of: $0) : Double(left(in: $0)) }
        return range.first { !taken.contains($0) } ?? hashes.indices.first { !taken.contains($0) } ?? 0
    }

    /// - Returns: One position; several where their hashes are the same.
    private func position(_ key: UInt64, weight: (Range<Int>) -> Double) -> Range<Int> {
        var range = hashes.indices
        var depth: UInt64 = 0
        while range.count > 1, depth < 64 {
            let bit = UInt64(1) << (63 - depth)
            let middle = Self.partition(range) { hashes[$0] & bit != 0 }
            // The bits that all have in common, behind a 1.
            let node = depth == 0 ? 1 : hashes[range.lowerBound] >> (64 - depth) | 1 << depth
            depth += 1
            let (lower, upper) = (range.lowerBound..<middle, middle..<range.upperBound)
            if lower.isEmpty || upper.isEmpty { continue }
            let weights = (weight(lower), weight(upper))
            if weights.0 <= 0 || weights.1 <= 0 {
                range = weights.0 > 0 ? lower : upper
                continue
            }
            let here = Mixing.mixed(key, node)
            let times = (
                FixedPoint.negativeLogarithm(Mixing.mixed(here, 0)) / weights.0,
                FixedPoint.negativeLogarithm(Mixing.mixed(here, 1)) / weights.1
            )
            range = times.0 < times.1 ? lower : upper
        }
        return range
    }

    /// The first of the places for which `isBehind` is true; those come last.
    private static func partition(_ range: Range<Int>, _ isBehind: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
