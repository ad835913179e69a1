import Glibc
import PromptLanguage

/// Draws combinations of a matrix, all equally likely, so that an edit moves few draws.
///
/// Axis after axis, in the order of their names, a value is chosen by rendezvous hashing: each value has a number of its
/// own for each draw, from the name of the axis and its text, and the value with the best number is taken. So the order of
/// axes and values decides nothing, and a value that is added takes over its share of the draws and leaves the others.
/// With exclusions a value's chance is weighted by the combinations that are left behind it.
struct MatrixSampler {
    private let matrix: Matrix
    /// From the place by name to that in the manifest.
    private let order: [Int]
    /// A hash for each value.
    private let hashes: [[UInt64]]
    private var counter: Matrix.Counter

    init(_ original: Matrix) {
        (matrix, order) = original.sortedByName()
        hashes = matrix.axes.map { axis in
            let seed = Mixing.hash(axis.name)
            return axis.values.map { Mixing.hash($0, seed: seed) }
        }
        counter = matrix.counter()
    }

    /// - Returns: Places in the axes, in the order of the manifest, and a hash that tells combinations apart.
    mutating func draw(_ number: UInt64) -> (places: [Int], hash: UInt64) {
        var places = [Int](repeating: 0, count: matrix.axes.count)
        var hash: UInt64 = 0
        var alive = matrix.allExclusions
        for axis in matrix.axes.indices {
            let chosen =
                matrix.hasExclusions && alive.contains { $0 != 0 }
                ? choose(axis, number, &alive) : choose(axis, number)
            places[order[axis]] = chosen
            hash = Mixing.mix(hash, hashes[axis][chosen])
        }
        return (places, hash)
    }

    private func choose(_ axis: Int, _ number: UInt64) -> Int {
        // The greatest, as the shortest time below: that is the greatest number where all weights are the same.
        var best = (score: UInt64.zero, place: 0)
        for (place, hash) in hashes[axis].enumerated() {
            let score = Mixing.mix(number ^ hash)
            if score > best.score { best = (score, place) }
        }
        return best.place
    }

    /// With weights: of exponential times with these rates, the first is the i-th with a chance in proportion to its rate.
    private mutating func choose(_ axis: Int, _ number: UInt64, _ alive: inout Matrix.Bits) -> Int {
        var weights: [Matrix.Bits: Double] = [:]
        var best: (time: Double, place: Int, alive: Matrix.Bits)?
        for (place, hash) in hashes[axis].enumerated() {
            let left = zip(alive, matrix.satisfied(axis: axis, place: place)).map { $0 & $1 }
            let weight: Double
            if let known = weights[left] {
                weight = known
            } else {
                weight = counter.count(from: axis + 1, alive: left).approximated
                weights[left] = weight
            }
            guard weight > 0 else { continue }
            let time = -log(Mixing.unit(Mixing.mix(number ^ hash))) / weight
            if time < best?.time ?? .infinity { best = (time, place, left) }
        }
        alive = best?.alive ?? alive
        return best?.place ?? 0
    }
}
