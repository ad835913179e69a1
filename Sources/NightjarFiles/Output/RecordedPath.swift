/// The path of an image that was recorded, below the output folder. It comes from the state, which may be anyone's.
struct RecordedPath: Equatable {
    let path: String
    /// From the root down.
    let folders: [String]
    /// The file's name before the dot and the extension.
    let stem: String
    let fileExtension: String

    var name: String { "\(stem).\(fileExtension)" }

    /// Whether it lies in Nightjar's own folder, so not in the tree.
    var isInOwnFolder: Bool { folders.first == ownFolderName }

    /// - Returns: `nil` when the path leads out of the output folder, or to something in Nightjar's own that is no image.
    init?(_ path: String) {
        self.path = path
        // Bytes, not characters: a combining mark may follow the slash.
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var names = parts.map { String(decoding: $0, as: UTF8.self) }
        guard names.allSatisfy({ !["", ".", ".."].contains($0) && !$0.utf8.contains(0) }) else { return nil }
        let name = names.removeLast()
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex else { return nil }
        stem = String(name[..<dot])
        fileExtension = String(decoding: name.utf8[dot...].dropFirst(), as: UTF8.self)
        folders = names
        let areas = [JobPaths.Area.filtered, .duplicates].map(\.folders)
        if isInOwnFolder, !areas.contains(where: { folders.starts(with: $0) }) { return nil }
    }
}
