/// Finds the name that may have been meant.
package enum NearestName {
    /// - Returns: The candidate with the fewest edits, if those are at most a third of its length (and at least one
    ///   is always forgiven); of equals, the first in order.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.unicodeScalars.prefix(100))
        var best: (name: String, edits: Int)?
        for candidate in candidates.sorted() {
            let letters = Array(candidate.unicodeScalars.prefix(100))
            let allowed = max(1, max(letters.count, wanted.count) / 3)
            guard abs(letters.count - wanted.count) <= allowed else { continue }
            let edits = distance(wanted, letters)
            if edits <= allowed, edits < best?.edits ?? .max { best = (candidate, edits) }
        }
        return best?.name
    }

    /// Insertions, deletions, substitutions and swaps of neighbours.
    private static func distance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var row = Array(0...second.count)
        for i in first.indices {
            var next = [i + 1]
            for j in second.indices {
                var edits = min(next[j] + 1, row[j + 1] + 1, row[j] + (first[i] == second[j] ? 0 : 1))
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    edits = min(edits, before[j - 1] + 1)
                }
                next.append(edits)
            }
            (before, row) = (row, next)
        }
        return row[second.count]
    }
}
