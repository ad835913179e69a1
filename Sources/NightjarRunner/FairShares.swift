internal import NightjarCore

/// Whose turn it is among the batches of one priority. Pure.
///
/// Slots are what is scarce while jobs take long: the next goes to whoever has fewest for its weight, so that a small batch
/// that comes late is not held up by a large one. Where jobs take no time, nobody has any, and whoever has submitted least
/// for its weight is next (stride scheduling; C. Waldspurger and W. Weihl, MIT, 1995).
enum FairShares {
    struct Candidate: Equatable, Sendable {
        let batch: BatchID
        /// At least 1.
        let weight: Int
        /// Jobs that are unfinished at the API, or may be.
        let unfinished: Int
        /// Submissions so far, each divided by the weight; who joins begins with the least of those there.
        let served: Double
        /// How many it may submit now, at least 1.
        let wanted: Int

        var held: Double { Double(unfinished) / Double(weight) }
    }

    /// - Returns: `nil` where nobody wants anything. The number is small enough for the others' turns to come soon.
    static func next(_ candidates: [Candidate]) -> (batch: BatchID, count: Int)? {
        let order = candidates.sorted {
            ($0.held, $0.served, $0.batch.rawValue) < ($1.held, $1.served, $1.batch.rawValue)
        }
        guard let first = order.first else { return nil }
        guard order.count > 1 else { return (first.batch, first.wanted) }
        // What it lacks to be level with the next; where they are level, its part of what there is.
        let lead = (order[1].held - first.held) * Double(first.weight)
        let weights = order.reduce(0) { $0 + $1.weight }
        let part = Double(first.wanted) * Double(first.weight) / Double(weights)
        return (first.batch, min(first.wanted, max(Int(max(lead, part)), 1)))
    }
}
