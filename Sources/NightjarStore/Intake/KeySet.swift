internal import NightjarCore

/// The keys of one batch while a manifest is taken in, each with its row: half of its low word, and how far the row is
/// from the first.
///
/// 8 bytes a place, at most three quarters of them taken: 11 to 21 bytes a job. Other keys may look the same here, some
/// hundred among a million, so whoever finds one compares it with the row's.
struct KeySet {
    /// From so many on the unique index of the table is the better set: the memory would be 64 MiB.
    static let limit = 3 << 20
    /// 0 where nothing is; else the bits of the key above, and above 0 the row's distance.
    private var places: [UInt64]
    private(set) var count = 0
    /// Distances count from here.
    private let firstRow: Int64

    /// - Parameter firstRow: No row is before it, or 2³² behind it.
    init(firstRow: Int64) {
        self.firstRow = firstRow
        places = Array(repeating: 0, count: 1 << 10)
    }

    /// A row that may be that of `key`.
    /// - Parameter steps: 0 for the first of them, and then as the call before has left it.
    func nextRow(of key: JobKey, after steps: inout Int) -> Int64? {
        let mark = UInt32(truncatingIfNeeded: key.low)
        while true {
            let entry = places[(Int(mark) &+ steps) & (places.count - 1)]
            guard entry != 0 else { return nil }
            steps += 1
            if UInt32(entry >> 32) == mark { return firstRow + Int64(entry & 0xFFFF_FFFF) - 1 }
        }
    }

    mutating func insert(_ key: JobKey, row: Int64) {
        if count * 4 >= places.count * 3 { grow() }
        Self.put(UInt64(UInt32(truncatingIfNeeded: key.low)) << 32 | UInt64(row - firstRow + 1), into: &places)
        count += 1
    }

    private mutating func grow() {
        var larger = [UInt64](repeating: 0, count: places.count * 2)
        for entry in places where entry != 0 { Self.put(entry, into: &larger) }
        places = larger
    }

    private static func put(_ entry: UInt64, into places: inout [UInt64]) {
        var place = Int(entry >> 32) & (places.count - 1)
        while places[place] != 0 { place = (place + 1) & (places.count - 1) }
        places[place] = entry
    }
}
