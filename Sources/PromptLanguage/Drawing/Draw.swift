/// Picks some of several options, by their weights.
struct Draw {
    /// Up to here each option is hashed for itself ("weighted rendezvous hashing", Schindelhauer and Schomaker, 2005):
    /// one option more takes its share of the picks from the others, and moves none between them. Beyond, one hash is
    /// a place on the line of weights.
    static let rendezvousLimit = 1024

    let key: UInt64
    /// Of the options' texts.
    let hashes: [UInt64]
    /// `nil` when all are equal. At least 0; if all are 0, all are equal.
    let weights: [Double]?

    init(key: UInt64, hashes: [UInt64], weights: [Double]?) {
        self.key = key
        self.hashes = hashes
        self.weights = weights?.contains { $0 > 0 } == true ? weights : nil
    }

    /// As if one were drawn after the other, without putting back; those of weight 0 come last.
    /// - Parameter count: At most the number of options.
    func picks(_ count: Int) -> [Int] {
        if count == 0 { return [] }
        if hashes.count > Self.rendezvousLimit { return placed(count) }
        if count == 1 { return [first] }
        return Array(hashes.indices.sorted { precedes($0, $1) }.prefix(count))
    }

    private var first: Int {
        var best = 0
        for option in hashes.indices.dropFirst() where precedes(option, best) { best = option }
        return best
    }

    private func precedes(_ first: Int, _ second: Int) -> Bool {
        let (one, other) = (Mixing.mixed(key, hashes[first]), Mixing.mixed(key, hashes[second]))
        guard let weights else { return one == other ? first < second : one < other }
        // The option whose exponentially distributed time comes first: -ln(u) / weight. Dividing two doubles gives the
        // same result on every machine; only the logarithm would not.
        let (a, b) = (
            FixedPoint.negativeLogarithm(one) / weights[first],
            FixedPoint.negativeLogarithm(other) / weights[second]
        )
        return a == b ? first < second : a < b
    }

    private func placed(_ count: Int) -> [Int] {
        var taken: Set<Int> = []
        var picks: [Int] = []
        var sums: [Double]?
        if let weights {
            var sum = 0.0
            sums = weights.map { weight in
                sum += weight
                return sum
            }
        }
        var number: UInt64 = 0
        while picks.count < count {
            let hash = Mixing.mixed(key, number)
            number += 1
            var option = place(of: hash, sums)
            if number > 64 * UInt64(count) {
                // What is left weighs next to nothing.
                while taken.contains(option) { option = (option + 1) % hashes.count }
            }
            if taken.insert(option).inserted { picks.append(option) }
        }
        return picks
    }

    private func place(of hash: UInt64, _ sums: [Double]?) -> Int {
        guard let sums, let total = sums.last else {
            return Int(hash.multipliedFullWidth(by: UInt64(hashes.count)).high)
        }
        let point = Double(hash >> 11) * 0x1p-53 * total
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > point { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

enum FixedPoint {
    /// -log2 of (hash + 1) / 2^64, made of whole numbers alone; exact to 40 bits behind the point.
    static func negativeLogarithm(_ hash: UInt64) -> Double {
        let (value, overflow) = hash.addingReportingOverflow(1)
        if overflow { return 0 }
        let shift = value.leadingZeroBitCount
        // A mantissa in [1, 2), with 63 bits behind the point; squaring it doubles its logarithm.
        var mantissa = value << shift
        var fraction: UInt64 = 0
        for _ in 0..<40 {
            let square = mantissa.multipliedFullWidth(by: mantissa).high
            fraction <<= 1
            if square >> 63 == 1 {
                fraction |= 1
                mantissa = square
            } else {
                mantissa = square << 1
            }
        }
        let logarithm = UInt64(63 - shift) << 40 | fraction
        return Double((64 << 40) - logarithm)
    }
}
