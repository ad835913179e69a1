/// Wildcards by name, found as the Python package finds them. Reading them from files is the caller's part.
package struct WildcardLibrary: WildcardSource {
    private let collections: [(name: String, values: [WildcardValue])]

    /// - Parameter collections: Names such as `animals` or `animals/cats`; of equal names the last one counts.
    package init(_ collections: [(name: String, values: [WildcardValue])]) {
        var places: [String: Int] = [:]
        var kept: [(name: String, values: [WildcardValue])] = []
        for collection in collections {
            if let place = places[collection.name] {
                kept[place] = collection
            } else {
                places[collection.name] = kept.count
                kept.append(collection)
            }
        }
        self.collections = kept
    }

    package var names: [String] { collections.map(\.name) }

    /// A pattern that matches nothing, or nothing but empty wildcards, is tried in all folders (`**/` before it).
    package func values(matching pattern: String) -> [WildcardValue]? {
        guard let cleaned = Self.cleaned(pattern) else { return nil }
        let found = collections(matching: cleaned)
        let values = found.flatMap(\.values)
        if values.isEmpty, !pattern.hasPrefix("**"), let recursive = Self.cleaned("**/" + pattern) {
            let deeper = collections(matching: recursive)
            if !deeper.isEmpty { return deeper.flatMap(\.values) }
        }
        return found.isEmpty ? nil : values
    }

    package func nearestName(to pattern: String) -> String? {
        NearestName.of(String(decoding: Blanks.trimmed(Array(pattern.utf8)[...]), as: UTF8.self), among: names)
    }

    private func collections(matching pattern: String) -> [(name: String, values: [WildcardValue])] {
        let glob = Glob(pattern)
        return collections.filter { glob.matches($0.name) }
    }

    /// Slashes forward, none doubled, none at the ends.
    /// - Returns: `nil` for a pattern with `..`, which might lead out of the folder.
    private static func cleaned(_ pattern: String) -> String? {
        let parts = pattern.split { $0 == "/" || $0 == "\\" }
        let joined = parts.joined(separator: "/")
        return joined.contains("..") ? nil : joined
    }
}
