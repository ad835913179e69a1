internal import NightjarCore

/// Seeds of one batch while a manifest is taken in: those that are fixed, and those just drawn from keys.
///
/// A million draws from 2³¹ meet some 230 times. Where two are the same, the greater key draws again; a seed that is
/// fixed (given by the manifest, or known to the state) is never changed.
struct SeedDraws {
    private static let limit: Int64 = 1 << 31
    private var fixed: [UInt32] = []
    /// Seed in the upper, place in `rows` in the lower half.
    private var drawn: [UInt64] = []
    /// Rows are kept as distances from here, which fit into 32 bits.
    private var firstRow: Int64 = 0

    mutating func takeForGood(_ seed: Int64) {
        guard (0..<Self.limit).contains(seed), fixed.last != UInt32(seed) else { return }
        fixed.append(UInt32(seed))
    }

    /// - Parameter row: The job's row; rows of one intake lie within 2³¹ of each other.
    mutating func draw(_ seed: Int64, row: Int64) {
        if drawn.isEmpty { firstRow = row - Self.limit }
        drawn.append(UInt64(seed) << 32 | UInt64(row - firstRow))
    }

    /// Finds new seeds for those that must draw again.
    mutating func settle(key: (_ row: Int64) throws -> JobKey?, redraw: (_ row: Int64, _ seed: Int64) throws -> Void)
        throws
    {
        fixed.sort()
        sortDrawn()
        var losers: [(key: JobKey, row: Int64)] = []
        var start = 0
        while start < drawn.count {
            let seed = UInt32(drawn[start] >> 32)
            var end = start + 1
            while end < drawn.count, UInt32(drawn[end] >> 32) == seed { end += 1 }
            let isFixed = contains(seed, in: fixed) { $0 }
            if isFixed || end - start > 1 {
                var rivals: [(key: JobKey, row: Int64)] = []
                for entry in drawn[start..<end] {
                    let row = firstRow + Int64(entry & 0xFFFF_FFFF)
                    if let key = try key(row) { rivals.append((key, row)) }
                }
                rivals.sort { $0.key < $1.key }
                // The same key draws the same seed, so all keys that came twice are here.
                for (one, other) in zip(rivals, rivals.dropFirst()) where one.key == other.key {
                    throw StoreFailure.other("two new jobs have the key \(one.key)")
                }
                losers += isFixed ? rivals[...] : rivals.dropFirst()
            }
            start = end
        }
        losers.sort { $0.key < $1.key }
        var given: Set<UInt32> = []
        for loser in losers {
            var draw = 1
            while true {
                let seed = UInt32(loser.key.derivedSeed(draw: draw))
                let isTaken =
                    given.contains(seed) || contains(seed, in: fixed) { $0 }
                    || contains(seed, in: drawn) { UInt32($0 >> 32) }
                if !isTaken {
                    given.insert(seed)
                    try redraw(loser.row, Int64(seed))
                    break
                }
                draw += 1
            }
        }
    }

    /// By their seeds, 11 bits of them after another: several times as fast as a comparison of two at a time.
    private mutating func sortDrawn() {
        var sorted = drawn
        for shift: UInt64 in [32, 43, 54] {
            var places = [Int](repeating: 0, count: 1 << 11)
            func digit(_ entry: UInt64) -> Int { Int(entry >> shift & 0x7FF) }
            for entry in drawn { places[digit(entry)] += 1 }
            var next = 0
            for place in places.indices { (places[place], next) = (next, next + places[place]) }
            for entry in drawn {
                sorted[places[digit(entry)]] = entry
                places[digit(entry)] += 1
            }
            swap(&drawn, &sorted)
        }
    }

    private func contains<Element>(_ seed: UInt32, in sorted: [Element], by value: (Element) -> UInt32) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if value(sorted[middle]) < seed { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && value(sorted[low]) == seed
    }
}

/// A set of small whole numbers, one bit each.
struct BitSet {
    private var words: [UInt64] = []

    func contains(_ member: Int) -> Bool {
        member / 64 < words.count && words[member / 64] >> UInt64(member % 64) & 1 == 1
    }

    mutating func insert(_ member: Int) {
        if member / 64 >= words.count {
            words.append(contentsOf: repeatElement(0, count: member / 64 + 1 - words.count))
        }
        words[member / 64] |= 1 << UInt64(member % 64)
    }
}
