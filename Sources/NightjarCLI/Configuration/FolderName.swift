internal import Glibc

/// A path as it was written, and what it stands for.
struct FolderName: Sendable, Equatable {
    /// As it was written, without a slash at its end.
    let text: String
    /// Against the folder that the process works in.
    let absolute: String
    /// Absolute, without links as far as it is there: equal for the same folder.
    let real: String

    init(_ text: String, in workingFolder: String) {
        self.text = Self.withoutSlash(text)
        absolute = text.hasPrefix("/") ? self.text : Self.withoutSlash(workingFolder + "/" + self.text)
        real = Self.real(absolute)
    }

    var isRelative: Bool { !text.hasPrefix("/") }

    /// Whether this is `other`, or below it.
    func isWithin(_ other: FolderName) -> Bool {
        real == other.real || other.real == "/" || real.hasPrefix(other.real + "/")
    }

    /// The folder that it is in.
    var parent: String {
        let end = absolute.lastIndex(of: "/") ?? absolute.startIndex
        return end == absolute.startIndex ? "/" : String(absolute[..<end])
    }

    static func withoutSlash(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    /// What is not there yet is taken as it is written.
    private static func real(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        let parts = path.split(separator: "/")
        guard let last = parts.last else { return "/" }
        let parent = real("/" + parts.dropLast().joined(separator: "/"))
        switch last {
        case ".": return parent
        case "..": return parent == "/" ? "/" : parent.lastIndex(of: "/").map { String(parent[..<$0]) } ?? "/"
        default: return parent == "/" ? "/\(last)" : "\(parent)/\(last)"
        }
    }
}
