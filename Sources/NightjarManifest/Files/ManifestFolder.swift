import Glibc
import NightjarCore

/// Where the files that a manifest names are looked for: beside it.
package struct ManifestFolder: Sendable {
    /// The manifest's folder.
    let path: String
    /// What is named must lie in the folder, whatever links say: in an inbox, a manifest is a stranger's.
    let isConfined: Bool
    /// As messages name it.
    let shown: String
    /// What has been opened in it.
    let opened = OpenedFiles()

    /// - Parameter shown: As messages name the folder; `.` where they name what lies in it alone.
    package init(path: String, isConfined: Bool = false, shown: String? = nil) {
        self.path = path
        self.isConfined = isConfined
        self.shown = shown ?? path
    }

    init(of manifest: String, isConfined: Bool = false) {
        let parts = manifest.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let folder = parts.joined(separator: "/")
        self.init(path: parts.isEmpty ? "." : folder.isEmpty ? "/" : folder, isConfined: isConfined)
    }

    func resolve(_ name: String) -> String { Self.isAbsolute(name) ? name : "\(path)/\(name)" }

    /// How messages name a file.
    func shown(_ name: String) -> String {
        shown == "." || Self.isAbsolute(name) ? name : "\(shown)/\(name)"
    }

    /// By its bytes: together with what follows, a `/` may be another character.
    private static func isAbsolute(_ name: String) -> Bool { name.utf8.first == UInt8(ascii: "/") }

    /// Opens a regular file.
    /// - Parameter hashes: Whether to hash what is read of it.
    func open(_ name: String, hashes: Bool = true) throws(RegularFile.Failure) -> RegularFile {
        guard !name.isEmpty, !name.utf8.contains(0) else { throw RegularFile.Failure(description: "that is no path") }
        let place = try place(of: name)
        let file = try RegularFile(path: place, hashes: hashes)
        // A link that came meanwhile.
        if isConfined, file.realPath != place { throw Self.leadsOut }
        opened.note(file: name, at: place)
        return file
    }

    private static let leadsOut = RegularFile.Failure(description: "it leads out of the inbox")

    /// Where a file or a folder lies. For a confined manifest the links are followed here, and nothing is looked at that
    /// lies outside: what is said must not tell whether it is there.
    /// - Throws: Where the manifest is confined, and the path leads out of its folder.
    func place(of name: String) throws(RegularFile.Failure) -> String {
        guard isConfined else { return resolve(name) }
        // As the system would; each part is looked at by itself below.
        guard name.utf8.count < Self.longestPath else { throw Self.tooLong }
        guard let real = realpath(path, nil) else { throw RegularFile.Failure(description: "no such folder") }
        defer { free(real) }
        let root = Self.parts(String(cString: real))
        var place = root
        var waiting = Array(Self.parts(name).reversed())
        if Self.isAbsolute(name) { waiting = try Self.rest(of: name, within: root) }
        var links = 0
        while let part = waiting.popLast() {
            if part == "." { continue }
            if part == ".." {
                guard place.count > root.count else { throw Self.leadsOut }
                place.removeLast()
                continue
            }
            let path = "/" + (place + [part]).joined(separator: "/")
            guard path.utf8.count < Self.longestPath else { throw Self.tooLong }
            guard let target = RegularFile.target(ofLink: path) else {
                place.append(part)
                continue
            }
            links += 1
            guard links <= 40 else { throw RegularFile.Failure(description: "too many symbolic links") }
            if Self.isAbsolute(target) {
                place = root
                waiting += try Self.rest(of: target, within: root)
            } else {
                waiting += Self.parts(target).reversed()
            }
        }
        return "/" + place.joined(separator: "/")
    }

    private static let longestPath = Int(PATH_MAX)
    private static let tooLong = RegularFile.Failure(description: "file name too long")

    private static func parts(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
    }

    /// What an absolute path says behind the folder, its last part first.
    private static func rest(of path: String, within root: [String]) throws(RegularFile.Failure) -> [String] {
        let all = parts(path)
        guard all.starts(with: root) else { throw leadsOut }
        return all.dropFirst(root.count).reversed()
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
