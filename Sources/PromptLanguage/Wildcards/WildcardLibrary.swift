/// Wildcards that are at hand.
package struct WildcardLibrary: WildcardSource {
    private let collections: [String: [WildcardValue]]

    /// - Parameter collections: Names such as `animals` or `animals/cats`; of equal names the last one counts.
    package init(_ collections: [(name: String, values: [WildcardValue])]) {
        self.collections = Dictionary(collections.map { ($0.name, $0.values) }) { $1 }
    }

    package func values(matching pattern: String) -> [WildcardValue]? {
        WildcardLookup.values(matching: pattern, among: Set(collections.keys)) { collections[$0] ?? [] }
    }

    package func nearestName(to pattern: String) -> String? {
        NearestName.of(
            String(decoding: Blanks.trimmed(Array(pattern.utf8)[...]), as: UTF8.self), among: collections.keys)
    }
}
