import PromptLanguage

/// Draws combinations of a matrix, all equally likely, so that an edit moves few draws.
///
/// Axis after axis, in the order of their names, a value is drawn by its hash (see `DrawTree`). So the order of axes and
/// values decides nothing, and a value that is added takes over its share of the draws. With exclusions a value weighs as
/// much as there are combinations left behind it.
struct MatrixSampler {
    private let matrix: Matrix
    /// From the place by name to that in the manifest.
    private let order: [Int]
    /// What the draws of each axis are made with.
    private let keys: [UInt64]
    private let values: [DrawTree]
    /// For each axis the values by the exclusions that they satisfy; empty without exclusions.
    private let classes: [[ValueClass]]
    private var counter: Matrix.Counter

    /// Values of an axis that satisfy the same exclusions.
    private typealias ValueClass = (bits: Matrix.Bits, values: DrawTree.Group)

    /// Up to so many values of an axis a draw looks at each.
    private static let mostOneByOne = 1 << 14

    init(_ original: Matrix) {
        (matrix, order) = original.sortedByName()
        keys = ValueHashes.of(matrix.axes.map(\.name), key: 0)
        values = zip(matrix.axes, keys).map { axis, key in
            DrawTree(hashes: ValueHashes.of(axis.values, key: key), mostOneByOne: Self.mostOneByOne)
        }
        classes =
            matrix.hasExclusions
            ? matrix.axes.indices.map { [matrix, values] axis in
                let tree = values[axis]
                return Dictionary(grouping: 0..<tree.count) { matrix.satisfied(axis: axis, place: tree.option(at: $0)) }
                    .map { (bits: $0, values: DrawTree.Group(positions: $1)) }
            } : []
        counter = matrix.counter()
    }

    /// - Returns: Places in the axes, in the order of the manifest.
    mutating func draw(_ number: UInt64) -> [Int] {
        var places = [Int](repeating: 0, count: matrix.axes.count)
        var alive = matrix.allExclusions
        for axis in matrix.axes.indices {
            let number = Mixing.mixed(number, keys[axis])
            places[order[axis]] =
                alive.contains { $0 != 0 } ? weighted(axis, number, &alive) : values[axis].pick(number)
        }
        return places
    }

    private mutating func weighted(_ axis: Int, _ number: UInt64, _ alive: inout Matrix.Bits) -> Int {
        let weights = classes[axis].map { one in
            counter.count(from: axis + 1, alive: zip(alive, one.bits).map { $0 & $1 }).approximated
        }
        let place = values[axis].pick(number, classes[axis].map(\.values), weights: weights)
        alive = zip(alive, matrix.satisfied(axis: axis, place: place)).map { $0 & $1 }
        return place
    }
}

enum ValueHashes {
    /// A hash of each text, none twice.
    static func of(_ texts: [String], key: UInt64) -> [UInt64] {
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
}
