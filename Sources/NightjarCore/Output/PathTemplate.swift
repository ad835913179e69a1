internal import FoundationEssentials

/// `output.path`: where a job's file goes, below the output folder.
///
/// A template is text with `${name}` and, for the index, `${index:06}`. Names that are not ours are those of the
/// manifest's variables. It must end in `.${ext}`, since the extension follows the bytes. What a placeholder brings in
/// stays within its path component.
package struct PathTemplate: Hashable, Sendable {
    package enum Placeholder: String, Hashable, Sendable, CaseIterable {
        case batch, index, slug, seed, ext, id, key, model
    }

    /// Why a template cannot be used.
    package struct Malformed: Error, Equatable {
        package var message: String
        package var hint: String?
        /// Where in the template, in Unicode scalars from 0.
        package var offset: Int
        package var length: Int
    }

    /// A name in a template that is none of ours.
    package struct Variable: Hashable, Sendable {
        package var name: String
        /// Of `${name}` in the template, in Unicode scalars from 0.
        package var offset: Int
        package var length: Int
    }

    /// What the placeholders stand for. Without a seed, `${seed}` is `server`.
    package struct Values: Sendable {
        package var batch: String
        package var index: Int
        package var prompt: String
        package var seed: Int64?
        package var label: String?
        package var key: JobKey
        package var model: String
        /// The job's variables, a JSON object of texts; read only where the template uses one. What is not there is
        /// empty.
        package var variables: String?

        package init(
            batch: String, index: Int, prompt: String, seed: Int64?, label: String?, key: JobKey, model: String,
            variables: String? = nil
        ) {
            self.batch = batch
            self.index = index
            self.prompt = prompt
            self.seed = seed
            self.label = label
            self.key = key
            self.model = model
            self.variables = variables
        }

        fileprivate func readVariables() -> [String: String] {
            guard let variables else { return [:] }
            let values = try? JSONDecoder().decode([String: VariableValue].self, from: Data(variables.utf8))
            return values?.compactMapValues(\.text) ?? [:]
        }
    }

    /// A text, or anything else, which has no name to be made of.
    private struct VariableValue: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }

    /// Bytes of a file's name before its extension: with the longest one, `.json` or `.avif`, they make 200.
    package static let stemLimit = 195

    private enum Piece: Hashable, Sendable {
        case text(String)
        case value(Placeholder, width: Int)
        case variable(String)
    }

    /// One list of pieces a path component; the last ends before `.${ext}`.
    private let components: [[Piece]]
    /// The manifest's variables that it uses, in their order, each as often as it stands there. Whether the manifest has
    /// them is for its reader to say, with `unknownVariable(name:known:offset:length:)`.
    package let variables: [Variable]

    /// - Throws: `Malformed` for a placeholder that cannot be a name, an unclosed `${`, a width that is not one, no
    ///   `.${ext}` at the end, an absolute path or one with `..`.
    package init(_ text: String) throws(Malformed) {
        var (pieces, variables) = try Self.pieces(of: text)
        let length = text.unicodeScalars.count
        guard case .value(.ext, _) = pieces.popLast(), case .text(let beforeExt) = pieces.popLast(),
            beforeExt.hasSuffix(".")
        else {
            throw Malformed(
                message: "the path must end in `.${ext}`: the extension follows what the API delivers",
                hint: "write `\(BatchSettings.defaultPathTemplate)`, say", offset: 0, length: length)
        }
        pieces.append(.text(String(beforeExt.dropLast())))
        var components: [[Piece]] = [[]]
        for piece in pieces {
            guard case .text(let text) = piece else {
                components[components.count - 1].append(piece)
                continue
            }
            // Scalars, not characters: a mark after the slash would hide it.
            let parts = text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false)
            for (place, part) in parts.enumerated() {
                if place > 0 { components.append([]) }
                if !part.isEmpty { components[components.count - 1].append(.text(String(part))) }
            }
        }
        guard components.allSatisfy({ !$0.isEmpty && $0 != [.text("..")] && $0 != [.text(".")] }) else {
            throw Malformed(
                message: "the path must lie below the output folder: no `/` at either end or doubled, no `.` or `..`",
                hint: nil, offset: 0, length: length)
        }
        self.components = components
        self.variables = variables
    }

    /// The error of a variable that the manifest does not have.
    /// - Parameters:
    ///   - known: The manifest's variables, by name.
    ///   - offset: Of `${name}` in the template, in Unicode scalars from 0.
    package static func unknownVariable(
        name: String, known: some Sequence<String>, offset: Int, length: Int
    ) -> Malformed {
        let names = Placeholder.allCases.map(\.rawValue) + known
        return Malformed(
            message: "unknown variable `${\(name)}` in the path",
            hint: nearest(to: name, among: names).map { "did you mean `${\($0)}`?" }
                ?? "known are \(names.joined(separator: ", "))",
            offset: offset, length: length)
    }

    /// Whether two jobs of a batch never share a path, whatever their prompts and seeds.
    package var tellsJobsApart: Bool { uses(.index) || uses(.key) }

    package func uses(_ placeholder: Placeholder) -> Bool {
        components.joined().contains { piece in
            switch piece {
            case .text, .variable: false
            case .value(let used, _): used == placeholder
            }
        }
    }

    /// The path below the output folder, with `/` between components that are safe to create.
    /// - Parameter ext: Without the dot.
    package func path(for values: Values, ext: String) -> String {
        let variables = variables.isEmpty ? [:] : values.readVariables()
        let expanded = components.map { pieces in
            pieces.map { piece in
                switch piece {
                case .text(let text): text
                case .variable(let name): SafePathComponent.inner(variables[name] ?? "")
                case .value(let placeholder, let width):
                    SafePathComponent.inner(Self.value(placeholder, of: values, ext: ext, width: width))
                }
            }.joined()
        }
        let folders = expanded.dropLast().map { SafePathComponent.make($0, limit: 200) }
        let stem = SafePathComponent.make(expanded.last ?? "", limit: Self.stemLimit)
        return (folders + ["\(stem).\(ext)"]).joined(separator: "/")
    }

    private static func value(_ placeholder: Placeholder, of values: Values, ext: String, width: Int) -> String {
        switch placeholder {
        case .batch: return values.batch
        case .index:
            let digits = String(values.index)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        case .slug: return Slug.make(values.prompt)
        case .seed: return values.seed.map(String.init) ?? "server"
        case .ext: return ext
        case .id: return values.label ?? String(values.key.description.prefix(12))
        case .key: return values.key.description
        case .model: return values.model
        }
    }

    private static func pieces(of text: String) throws(Malformed) -> ([Piece], [Variable]) {
        var pieces: [Piece] = []
        var variables: [Variable] = []
        var literal = ""
        let scalars = Array(text.unicodeScalars)
        var position = 0
        while position < scalars.count {
            guard scalars[position] == "$", position + 1 < scalars.count, scalars[position + 1] == "{" else {
                literal.unicodeScalars.append(scalars[position])
                position += 1
                continue
            }
            guard let end = scalars[position...].firstIndex(of: "}") else {
                throw Malformed(
                    message: "`${` is not closed", hint: nil, offset: position, length: scalars.count - position)
            }
            var inside = String.UnicodeScalarView()
            inside.append(contentsOf: scalars[(position + 2)..<end])
            let piece = try placeholder(String(inside), offset: position, length: end + 1 - position)
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = ""
            pieces.append(piece)
            if case .variable(let name) = piece {
                variables.append(Variable(name: name, offset: position, length: end + 1 - position))
            }
            position = end + 1
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        return (pieces, variables)
    }

    private static func placeholder(_ text: String, offset: Int, length: Int) throws(Malformed) -> Piece {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let placeholder = Placeholder(rawValue: name)
        guard placeholder != nil || isName(name) else {
            throw unknownVariable(name: name, known: [], offset: offset, length: length)
        }
        guard parts.count == 2 else { return placeholder.map { .value($0, width: 0) } ?? .variable(name) }
        guard placeholder == .index, parts[1].hasPrefix("0"), let width = Int(parts[1]), (1...18).contains(width) else {
            throw Malformed(
                message: "`:\(parts[1])` is no width", hint: "only the index takes one: `${index:06}`", offset: offset,
                length: length)
        }
        return .value(.index, width: width)
    }

    /// A letter or `_`, then letters, digits, `_` and `-`, all of ASCII.
    private static func isName(_ text: String) -> Bool {
        let isLetter = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
        }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }
}
