import Glibc
import NightjarCore

/// Where the files that a manifest names are looked for: beside it.
package struct ManifestFolder: Sendable {
    /// The manifest's folder.
    let path: String
    /// What is named must lie in the folder, whatever links say: in an inbox, a manifest is a stranger's.
    let isConfined: Bool

    package init(path: String, isConfined: Bool = false) {
        self.path = path
        self.isConfined = isConfined
    }

    init(of manifest: String, isConfined: Bool = false) {
        let parts = manifest.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.joined(separator: "/")
        self.init(path: parts.isEmpty ? "." : folder.isEmpty ? "/" : folder, isConfined: isConfined)
    }

    func resolve(_ name: String) -> String { name.hasPrefix("/") ? name : "\(path)/\(name)" }

    /// Opens a regular file, and hashes what is read of it.
    func open(_ name: String) throws(RegularFile.Failure) -> RegularFile {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw RegularFile.Failure(description: "that is no path") }
        let file = try RegularFile(path: resolve(name), hashes: true)
        try check(file.realPath, name)
        return file
    }

    /// - Throws: Where the manifest is confined, and a path leads out of its folder.
    func check(_ real: String?, _ name: String) throws(RegularFile.Failure) {
        guard isConfined else { return }
        guard let folder = realpath(path, nil) else { throw RegularFile.Failure(description: "no such folder") }
        defer { free(folder) }
        let root = String(cString: folder)
        guard let real, real == root || real.hasPrefix(root == "/" ? "/" : root + "/") else {
            throw RegularFile.Failure(description: "it leads out of the inbox")
        }
    }

    /// What to type instead of a name that is not there.
    func hint(for name: String) -> String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let folder = resolve(parts.dropLast().joined(separator: "/") + (parts.count > 1 ? "/" : "."))
        guard !isConfined || parts.count == 1, let last = parts.last, let names = Self.names(in: folder) else {
            return nil
        }
        guard let near = nearest(to: last, among: names), near != last else {
            return "paths are looked for beside the manifest"
        }
        return "did you mean `\((parts.dropLast() + [near]).joined(separator: "/"))`?"
    }

    /// The first names of a folder.
    private static func names(in folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < 1000, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
