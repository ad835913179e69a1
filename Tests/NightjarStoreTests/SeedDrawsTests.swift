import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

struct SeedDrawsTests {
    /// Seeds by key, found the slow way: whoever is lesser draws first, and a seed drawn at first is never given again.
    private static func oracle(fixed: [Int64], keys: [JobKey]) -> [JobKey: Int64] {
        var result: [JobKey: Int64] = [:]
        var taken = Set(fixed)
        let firstDraws = Set(keys.map { $0.derivedSeed(draw: 0) })
        var losers: [JobKey] = []
        for key in keys.sorted() {
            let seed = key.derivedSeed(draw: 0)
            if taken.insert(seed).inserted { result[key] = seed } else { losers.append(key) }
        }
        for key in losers {
            var draw = 1
            while taken.contains(key.derivedSeed(draw: draw)) || firstDraws.contains(key.derivedSeed(draw: draw)) {
                draw += 1
            }
            result[key] = key.derivedSeed(draw: draw)
            taken.insert(key.derivedSeed(draw: draw))
        }
        return result
    }

    private static func settle(
        fixed: [Int64], keys: [JobKey], rows: [Int64]
    ) throws -> [JobKey: Int64] {
        var draws = SeedDraws()
        var result: [JobKey: Int64] = [:]
        for seed in fixed { draws.takeForGood(seed) }
        for (key, row) in zip(keys, rows) {
            draws.draw(key.derivedSeed(draw: 0), row: row)
            result[key] = key.derivedSeed(draw: 0)
        }
        let byRow = Dictionary(uniqueKeysWithValues: zip(rows, keys))
        try draws.settle {
            byRow[$0]
        } redraw: { row, seed in
            if let key = byRow[row] { result[key] = seed }
        }
        return result
    }

    @Test func `two jobs with one key are refused`() throws {
        let keys = [JobKey(high: 1, low: 2), JobKey(high: 3, low: 4), JobKey(high: 1, low: 2)]
        #expect(throws: StoreFailure.other("two new jobs have the key \(keys[0])")) {
            var draws = SeedDraws()
            for (row, key) in keys.enumerated() { draws.draw(key.derivedSeed(draw: 0), row: Int64(row)) }
            try draws.settle {
                keys[Int($0)]
            } redraw: { _, _ in
            }
        }
    }

    @Test func `forged keys that meet again and again get the seeds that the slow way finds`() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            // Draws come from few values, so that first, second and later draws meet.
            let range = UInt64(1)...UInt64(Int.random(in: 2...40, using: &random))
            let keys = Array(
                Set(
                    (0..<Int.random(in: 1...60, using: &random)).map { _ in
                        JobKey(
                            high: UInt64.random(in: range, using: &random) << 33
                                | UInt64.random(in: range, using: &random),
                            low: UInt64.random(in: range, using: &random) << 33
                                | UInt64.random(in: range, using: &random))
                    })
            ).shuffled(using: &random)
            let fixed = (0..<Int.random(in: 0...10, using: &random)).map { _ in
                Int64(UInt64.random(in: range, using: &random))
            }
            let start = Int64.random(in: 1...1_000_000, using: &random)
            let rows = (0..<keys.count).map { start + Int64($0) }.shuffled(using: &random)
            let seeds = try Self.settle(fixed: fixed, keys: keys, rows: rows)
            #expect(seeds == Self.oracle(fixed: fixed, keys: keys), "\(random)")
            #expect(Set(seeds.values).count == keys.count, "\(random)")
            #expect(Set(seeds.values).isDisjoint(with: fixed), "\(random)")
        }
    }

    @Test func `seeds beyond the drawn range are nobody's rivals`() throws {
        let key = JobKey(high: 5 << 33, low: 0)
        #expect(try Self.settle(fixed: [1 << 31, .max, -1], keys: [key], rows: [1]) == [key: 5])
    }
}
