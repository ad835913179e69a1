/// The known name that was probably meant.
///
/// - Parameters:
///   - name: What was written.
///   - known: In the order of preference.
/// - Returns: The nearest known name, if it is near: one edit for up to four letters, two up to seven, three beyond.
/// - Note: Distance of Damerau and Levenshtein (optimal string alignment), on lower case, `-` and `_` the same.
package func nearest(to name: String, among known: some Sequence<String>) -> String? {
    let wanted = folded(name)
    let tolerance = wanted.count <= 4 ? 1 : wanted.count <= 7 ? 2 : 3
    guard wanted.count <= 64 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in known {
        let distance = editDistance(wanted, folded(candidate))
        if distance <= tolerance, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

private func folded(_ name: String) -> [Character] {
    name.lowercased().map { $0 == "-" ? "_" : $0 }
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var cost = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (letter == other ? 0 : 1))
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                cost = min(cost, beforePrevious[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
