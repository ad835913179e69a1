/// Finds wildcards by their names, as the Python package finds them.
package enum WildcardLookup {
    /// A pattern that matches nothing, or nothing but empty wildcards, is tried in all folders (`**/` before it).
    /// - Parameters:
    ///   - pattern: What stands between the underscores.
    ///   - names: Of all wildcards, such as `animals` or `animals/cats`.
    ///   - read: Gives the values of one of them.
    /// - Returns: The values of all that match; `nil` when none does.
    package static func values(
        matching pattern: String, among names: Set<String>, _ read: (String) -> [WildcardValue]
    ) -> [WildcardValue]? {
        guard let cleaned = cleaned(pattern) else { return nil }
        let found = matching(cleaned, names)
        let values = found.flatMap(read)
        if values.isEmpty, !pattern.hasPrefix("**") {
            let deeper = matching("**/" + cleaned, names)
            if !deeper.isEmpty { return deeper.flatMap(read) }
        }
        return found.isEmpty ? nil : values
    }

    private static func matching(_ pattern: String, _ names: Set<String>) -> [String] {
        guard pattern.utf8.contains(where: { "*?[".utf8.contains($0) }) else {
            return names.contains(pattern) ? [pattern] : []
        }
        let glob = Glob(pattern)
        return names.filter { glob.matches($0) }.sorted()
    }

    /// Slashes forward, none doubled, none at the ends.
    /// - Returns: `nil` for a pattern with `..`, which might lead out of the folder.
    private static func cleaned(_ pattern: String) -> String? {
        let joined = pattern.split { $0 == "/" || $0 == "\\" }.joined(separator: "/")
        return joined.contains("..") ? nil : joined
    }
}
