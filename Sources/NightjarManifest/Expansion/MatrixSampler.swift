import Glibc
import PromptLanguage

/// Draws combinations of a matrix, all equally likely, so that an edit moves few draws.
///
/// Axis after axis, in the order of their names, a value is chosen by its hash (see `ValueDraw`). So the order of axes and
/// values decides nothing, and a value that is added takes over its share of the draws. With exclusions a value's chance
/// is weighted by the combinations that are left behind it.
struct MatrixSampler {
    private let matrix: Matrix
    /// From the place by name to that in the manifest.
    private let order: [Int]
    /// What the draws of each axis are made with.
    private let keys: [UInt64]
    private let values: [ValueDraw]
    /// For each axis the values by the exclusions that they satisfy; empty without exclusions.
    private let classes: [[(bits: Matrix.Bits, values: ValueDraw)]]
    private var counter: Matrix.Counter

    init(_ original: Matrix) {
        (matrix, order) = original.sortedByName()
        keys = ValueDraw.hashes(of: matrix.axes.map(\.name), key: 0)
        values = zip(matrix.axes, keys).map { axis, key in ValueDraw(ValueDraw.hashes(of: axis.values, key: key)) }
        classes =
            matrix.hasExclusions ? matrix.axes.indices.map { [matrix, values] in matrix.classes($0, values[$0]) } : []
        counter = matrix.counter()
    }

    /// - Returns: Places in the axes, in the order of the manifest.
    mutating func draw(_ number: UInt64) -> [Int] {
        var places = [Int](repeating: 0, count: matrix.axes.count)
        var alive = matrix.allExclusions
        for axis in matrix.axes.indices {
            let number = Mixing.mixed(number, keys[axis])
            places[order[axis]] =
                alive.contains { $0 != 0 } ? weighted(axis, number, &alive) : values[axis].draw(number).place
        }
        return places
    }

    /// Of exponential times with the weights as rates, the i-th is the first with a chance in proportion to its rate.
    private mutating func weighted(_ axis: Int, _ number: UInt64, _ alive: inout Matrix.Bits) -> Int {
        var best: (time: Double, place: Int, alive: Matrix.Bits)?
        for (bits, values) in classes[axis] {
            let left = zip(alive, bits).map { $0 & $1 }
            let weight = counter.count(from: axis + 1, alive: left).approximated
            guard weight > 0 else { continue }
            let (place, time) = values.draw(number)
            if time / weight < best?.time ?? .infinity { best = (time / weight, place, left) }
        }
        alive = best?.alive ?? alive
        return best?.place ?? 0
    }
}

extension Matrix {
    /// The values of an axis by the exclusions that they satisfy, in an order that does not depend on theirs.
    fileprivate func classes(_ axis: Int, _ values: ValueDraw) -> [(bits: Bits, values: ValueDraw)] {
        Dictionary(grouping: values.sorted) { satisfied(axis: axis, place: $0.place) }
            .map { (bits: $0.key, values: ValueDraw(sorted: $0.value)) }
            .sorted { $0.values.sorted[0].hash < $1.values.sorted[0].hash }
    }
}

/// Draws one of several values, each by a hash of its own: their order decides nothing.
///
/// Up to 1,024 it is rendezvous hashing: each value has another number for each draw, and the one with the greatest is
/// taken, so a value that is added takes over its share of the draws and leaves the others. More are divided by the bits
/// of their hashes, and each half is drawn with a chance in proportion to its values, until few enough are left: a draw
/// costs no more then, and a value that is added moves a few times its share.
struct ValueDraw {
    static let rendezvousLimit = 1024

    /// By their hashes.
    let sorted: [(hash: UInt64, place: Int)]

    /// - Parameter hashes: One for each place, none twice.
    init(_ hashes: [UInt64]) {
        self.init(sorted: hashes.enumerated().map { (hash: $0.element, place: $0.offset) }.sorted { $0.hash < $1.hash })
    }

    init(sorted: [(hash: UInt64, place: Int)]) { self.sorted = sorted }

    /// A hash of each text, none twice.
    static func hashes(of texts: [String], key: UInt64) -> [UInt64] {
        var hashes = texts.map { Mixing.mixed(key, Mixing.fnv1a($0.utf8)) }
        // Texts of one hash can be made on purpose. One of them would never be drawn.
        while true {
            let order = hashes.indices.sorted {
                hashes[$0] == hashes[$1] ? texts[$0] < texts[$1] : hashes[$0] < hashes[$1]
            }
            let known = hashes
            var number: UInt64 = 0
            var isDone = true
            for (place, before) in zip(order.dropFirst(), order) {
                number = known[place] == known[before] ? number + 1 : 0
                guard number > 0 else { continue }
                hashes[place] = Mixing.mixed(known[place], number)
                isDone = false
            }
            if isDone { return hashes }
        }
    }

    /// - Returns: The place of a value, and a time that is distributed exponentially, with the number of values as rate.
    func draw(_ number: UInt64) -> (place: Int, time: Double) {
        var range = sorted.indices
        var depth: UInt64 = 0
        while range.count > Self.rendezvousLimit {
            let bit = UInt64(1) << (63 - depth)
            let middle = firstIndex(in: range) { $0 & bit != 0 }
            // The bits that all have in common, behind a 1.
            let node = depth == 0 ? 1 : sorted[range.lowerBound].hash >> (64 - depth) | 1 << depth
            let point = Mixing.mixed(number, node).multipliedFullWidth(by: UInt64(range.count)).high
            range = Int(point) < middle - range.lowerBound ? range.lowerBound..<middle : middle..<range.upperBound
            depth += 1
        }
        var best = (score: UInt64.zero, place: sorted[range.lowerBound].place)
        for (hash, place) in sorted[range] {
            let score = Mixing.finalized(number ^ hash)
            if score > best.score { best = (score, place) }
        }
        // The greatest number stands for the shortest time of them all.
        if depth == 0 { return (best.place, -log(Mixing.unit(best.score))) }
        return (best.place, -log(Mixing.unit(Mixing.mixed(number, sorted[0].hash))) / Double(sorted.count))
    }

    private func firstIndex(in range: Range<Int>, where isBehind: (UInt64) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(sorted[middle].hash) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
