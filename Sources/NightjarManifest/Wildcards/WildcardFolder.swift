import Crypto
import Glibc
import NightjarCore
import PromptLanguage
import Synchronization
import YAMLStream

/// The wildcards in a folder: `NAME.txt` with one value a line, and `.yaml` or `.json` files with lists by name.
///
/// As the Python package `dynamicprompts` has it: `a/b.txt` is `a/b`; a mapping in `x.yaml` gives a name to each of its
/// lists, within the folder of the file; a list alone is called like its file. Files are read when they are first asked for.
final class WildcardFolder: WildcardSource {
    private enum Content: Sendable {
        /// A file that has not been read, as the manifest would name it.
        case text(name: String)
        case values([WildcardValue])
    }

    private struct State {
        var collections: [String: Content]?
        var asked: [String: [WildcardValue]] = [:]
        var problems: [String] = []
        var bytes = 0
        /// Bytes of the values of all patterns.
        var handedOut = 0
    }

    private static let mostFiles = 20_000
    private static let deepest = 32
    private static let mostBytes = 64 << 20
    private static let mostValues = 1_000_000
    private static let mostHandedOut = 128 << 20
    /// Folders beside it in which a file is looked for that is missing here.
    private static let mostLookedAt = 1000

    let name: String
    private let folder: ManifestFolder
    /// What has been found and read.
    private let state = Mutex(State())

    /// - Parameter name: Of the folder, as the manifest says it.
    init(_ name: String, in folder: ManifestFolder) {
        self.name = name
        self.folder = folder
    }

    /// - Returns: Why it cannot be used; `nil` where it can.
    func problem() -> RegularFile.Failure? {
        do throws(RegularFile.Failure) {
            guard let stream = opendir(try folder.place(of: name)) else {
                let words =
                    switch errno {
                    case ENOENT: "no such folder"
                    case ENOTDIR: "is not a folder"
                    default: String(cString: strerror(errno)).lowercased()
                    }
                return RegularFile.Failure(description: words, isMissing: words == "no such folder")
            }
            closedir(stream)
            folder.opened.note(folder: name)
            return nil
        } catch {
            return error
        }
    }

    func values(matching pattern: String) -> [WildcardValue]? {
        state.withLock { state in
            if let known = state.asked[pattern] { return known }
            let found = WildcardLookup.values(matching: pattern, among: Set(collections(&state).keys)) { name in
                let values = read(name, &state)
                // Each name that prompts use has a copy of its own.
                state.handedOut += values.reduce(0) { $0 + $1.text.utf8.count + 64 }
                if state.handedOut <= Self.mostHandedOut { return values }
                let words = "the wildcards that prompts name hold more than \(Self.mostHandedOut >> 20) MiB"
                if state.problems.last != words { state.problems.append(words) }
                return []
            }
            guard let values = found else { return nil }
            state.asked[pattern] = values
            return values
        }
    }

    func nearestName(to pattern: String) -> String? {
        state.withLock { nearest(to: pattern, among: collections(&$0).keys.sorted().prefix(2000)) }
    }

    /// A file that may have been meant by a wildcard, but lies beside the manifest, or in another folder there.
    /// - Parameter written: `__name__`.
    func elsewhere(_ written: String) -> String? {
        guard written.hasPrefix("__"), written.hasSuffix("__"), !written.contains("..") else { return nil }
        let file = written.dropFirst(2).dropLast(2).trimmed() + ".txt"
        let folders = Self.entries(of: folder.path).prefix(Self.mostLookedAt).filter {
            !$0.hasPrefix(".") && $0 != name
        }
        return ([""] + folders.map { $0 + "/" }).map { $0 + file }.first { path in
            var status = stat()
            guard let place = try? folder.place(of: path) else { return false }
            return stat(place, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        }
    }

    /// What went wrong with files, in words.
    var problems: [String] { state.withLock { $0.problems } }

    /// A hash of all that was asked for and given.
    func addDigest(to hash: inout SHA256) {
        let asked = state.withLock { $0.asked }
        for pattern in asked.keys.sorted() {
            hash.update(data: Array("wildcard \(pattern.utf8.count) \(pattern) ".utf8))
            for value in asked[pattern] ?? [] {
                hash.update(data: Array("\(value.text.utf8.count) \(value.weight.bitPattern) \(value.text)".utf8))
            }
        }
    }

    // MARK: Finding

    private func collections(_ state: inout State) -> [String: Content] {
        if let known = state.collections { return known }
        var found: [String: Content] = [:]
        var seen: Set<[UInt64]> = []
        var files = 0
        var waiting = [(prefix: "", depth: 0)]
        while let next = waiting.popLast() {
            var status = stat()
            guard let path = try? folder.place(of: "\(name)/\(next.prefix)"), stat(path, &status) == 0,
                seen.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
            else { continue }
            for entry in Self.entries(of: path) where !entry.hasPrefix(".") {
                files += 1
                guard files <= Self.mostFiles else {
                    state.problems.append("more than \(Self.mostFiles) files in `\(name)`")
                    state.collections = found
                    return found
                }
                let file = "\(name)/\(next.prefix)\(entry)"
                guard let path = try? folder.place(of: file), stat(path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    if next.depth < Self.deepest { waiting.append(("\(next.prefix)\(entry)/", next.depth + 1)) }
                } else if entry.hasSuffix(".txt") {
                    found[next.prefix + entry.dropLast(4)] = .text(name: file)
                } else if entry.hasSuffix(".yaml") || entry.hasSuffix(".json") {
                    addLists(of: file, stem: String(entry.dropLast(5)), prefix: next.prefix, to: &found, &state)
                }
            }
        }
        state.collections = found
        return found
    }

    private static func entries(of path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count <= mostFiles, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            if let name { names.append(name) }
        }
        return names.sorted()
    }

    // MARK: Reading

    private func read(_ name: String, _ state: inout State) -> [WildcardValue] {
        switch state.collections?[name] {
        case nil: return []
        case .values(let values): return values
        case .text(let file):
            let path = folder.shown(file)
            var values: [WildcardValue] = []
            do {
                let file = try folder.open(file, hashes: false)
                var lines = LineReader(file)
                while let line = try lines.next() {
                    let text = line.trimmed()
                    if text.isEmpty || text.hasPrefix("#") { continue }
                    state.bytes += text.utf8.count + 16
                    guard state.bytes <= Self.mostBytes, values.count < Self.mostValues else {
                        throw LineReader.Failure(
                            message: "the wildcards hold more than \(Self.mostBytes >> 20) MiB", line: lines.line)
                    }
                    values.append(WildcardValue(text))
                }
            } catch let failure as LineReader.Failure {
                state.problems.append("\(path):\(failure.line): \(failure.message)")
            } catch {
                state.problems.append("`\(path)` cannot be read: \(error)")
            }
            state.collections?[name] = .values(values)
            return values
        }
    }

    private func addLists(
        of name: String, stem: String, prefix: String, to found: inout [String: Content], _ state: inout State
    ) {
        let path = folder.shown(name)
        let sink = DiagnosticSink(file: path) { [folder] in try? folder.open(name, hashes: false) }
        do {
            let file = try folder.open(name, hashes: false)
            var size = 0
            let parser = YAMLParser { buffer in
                let count = try file.read(into: buffer)
                size += count
                guard size <= Self.mostBytes else { throw RegularFile.Failure(description: "it is too large") }
                return count
            }
            let reader = NodeReader(parser, sink: sink, largestTree: YAMLNode.Size(nodes: 1_000_000, bytes: 64 << 20))
            while let event = try reader.next() {
                switch event.kind {
                case .documentStart, .documentEnd: continue
                default: break
                }
                let root = try reader.node(from: event)
                state.bytes += Int(root.size.bytes) + 16 * Int(root.size.nodes)
                guard state.bytes <= Self.mostBytes else { throw RegularFile.Failure(description: "it is too large") }
                if case .sequence(let items) = root.content {
                    // A list alone holds texts only.
                    found[prefix + stem] = .values(items.compactMap { $0.text.map { WildcardValue($0) } })
                } else {
                    addLists(in: root, prefix: prefix, to: &found)
                }
            }
        } catch {
            let words = (error as? YAMLError).map { "\($0.mark.line): \($0.message)" } ?? " \(error)"
            state.problems.append("\(path):\(words)")
        }
        if let finding = sink.findings.first?.diagnostic {
            state.problems.append("\(path):\(finding.line): \(finding.message)")
        }
    }

    private func addLists(in node: YAMLNode, prefix: String, to found: inout [String: Content]) {
        guard case .mapping(let pairs) = node.content else { return }
        for pair in pairs {
            let name = prefix + pair.name
            switch pair.value.content {
            case .scalar(let text, _): if !text.isEmpty { found[name] = .values([WildcardValue(text)]) }
            case .sequence(let items): found[name] = .values(items.compactMap(Self.value))
            case .mapping: addLists(in: pair.value, prefix: name + "/", to: &found)
            case .invalid: break
            }
        }
    }

    /// A text, `2::text`, or `{text: …, weight: 2}`.
    private static func value(_ node: YAMLNode) -> WildcardValue? {
        if let text = node.text {
            guard !text.isEmpty else { return nil }
            guard text.first?.isASCII == true, text.first?.isNumber == true,
                let split = text.range(of: "::", backwards: true), let weight = Double(text[..<split.lowerBound])
            else { return WildcardValue(text) }
            return WildcardValue(String(text[split.upperBound...]), weight: weight)
        }
        guard case .mapping(let pairs) = node.content else { return nil }
        func text(_ name: String) -> String? { pairs.first { $0.name == name }?.value.text }
        guard let content = text("text") ?? text("content"), !content.isEmpty else { return nil }
        return WildcardValue(content, weight: text("weight").flatMap(Double.init) ?? 1)
    }
}

extension String {
    /// The last place of `other`.
    fileprivate func range(of other: String, backwards: Bool) -> Range<String.Index>? {
        var found: Range<String.Index>?
        for range in ranges(of: other) { found = range }
        return found
    }
}
