internal import NightjarFiles

/// What files of an inbox are called.
enum InboxName {
    static let endings = [".yaml", ".yml"]
    static let result = ".result.json"
    static let error = ".error.txt"

    /// The system's limit, in bytes.
    private static let longest = 255

    /// Whether a manifest may be called so: no dotfile, and nothing that is still being written (`x.yaml.part`, `x.yaml~`).
    static func isManifest(_ name: FileName) -> Bool {
        name.bytes.first != UInt8(ascii: ".")
            && endings.contains { name.bytes.suffix($0.utf8.count).elementsEqual($0.utf8) }
    }

    /// Whether it would be a manifest but for its capital letters: `X.YAML`.
    static func isMiscalled(_ name: FileName) -> Bool {
        guard !isManifest(name), let text = name.text else { return false }
        return isManifest(FileName(text.lowercased()))
    }

    /// - Returns: With the ending as it is.
    static func split(_ name: String) -> (stem: String, ending: String) {
        let ending = endings.first { name.hasSuffix($0) } ?? ""
        return (String(decoding: name.utf8.dropLast(ending.utf8.count), as: UTF8.self), ending)
    }

    /// The `number`-th name to be tried: `stem`, `stem-2`, `stem-3`, cut at a character where an ending would not fit.
    /// - Parameter room: Of the longest ending, in bytes.
    static func numbered(_ stem: String, _ number: Int, room: Int) -> String {
        let suffix = number == 1 ? "" : "-\(number)"
        let most = longest - room - suffix.utf8.count
        var stem = stem
        while stem.utf8.count > most { stem.removeLast() }
        return stem + suffix
    }
}
