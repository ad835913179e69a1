import NightjarCore
import PromptLanguage
import YAMLStream

/// Looks at the prompts of a document as they go by, and keeps them in a spool. What depends on keys that may come later
/// is decided at the end, by `PromptCheck`.
final class PromptSurvey {
    private let context: ManifestContext
    let prompts: PromptSpool
    /// Where each id stands, by its hash: one entry a prompt, so kept small.
    private var labels: [Int: Place] = [:]
    private(set) var entries = 0
    /// Prompts that hold something which the prompt language could give a meaning to.
    private(set) var dynamic = 0
    /// The others: those that stand for as many jobs as `seeds` says, and those with a seed of their own.
    private(set) var multiplied = 0
    private(set) var single = 0
    /// The first prompt that names no model.
    private(set) var withoutModel: (mark: YAMLMark, length: Int, sink: DiagnosticSink)?

    private struct Place {
        var line: UInt32
        var column: UInt32
    }

    init(context: ManifestContext) {
        self.context = context
        prompts = PromptSpool(context)
    }

    func take(_ text: Span<UInt8>, _ style: YAMLScalarStyle, _ start: YAMLMark, _ end: YAMLMark) throws {
        entries += 1
        try text.withUnsafeBufferPointer { bytes in
            guard Self.isObviouslyPlain(bytes) else {
                let text = String(decoding: bytes, as: UTF8.self)
                return try take(PromptItem(text: text, style: style, from: start, to: end), context.sink)
            }
            multiplied += 1
            let length = lengthOnLine(from: start, to: end)
            if withoutModel == nil { withoutModel = (start, length, context.sink) }
            try prompts.append(bytes, line: start.line, column: start.column, length: length)
        }
    }

    /// Text that begins with a visible character of ASCII, and holds nothing of the prompt language.
    private static func isObviouslyPlain(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = text.first, first > 0x20, first < 0x7F else { return false }
        return PromptTemplate.isPlain(text)
    }

    func take(_ node: YAMLNode) throws {
        entries += 1
        if let item = PromptItem(node, sink: context.sink) { try take(item, context.sink) }
    }

    /// Reads the lists of `prompts_from`.
    /// - Returns: A hash of each.
    func take(_ lists: [PromptList], isVerbatim: Bool) throws -> [String] {
        var digests: [String] = []
        for (place, list) in lists.enumerated() {
            let digest = try list.forEachPrompt(place + 1, isVerbatim: isVerbatim, context: context) { item, sink in
                entries += 1
                try take(item, sink)
            }
            if let digest { digests.append(digest) }
        }
        return digests
    }

    private func take(_ item: PromptItem, _ sink: DiagnosticSink) throws {
        var item = item
        item.isDynamic = item.variants != VariantsMode.none && !PromptTemplate.isPlain(item.prompt)
        if item.isDynamic {
            dynamic += 1
        } else if item.hasSeed {
            single += 1
        } else {
            multiplied += 1
        }
        if !item.hasModel, withoutModel == nil { withoutModel = (item.mark, item.lengthOnLine, sink) }
        if item.isBlank {
            sink.report(
                "prompt", "a prompt needs at least one character that is not blank", at: item.mark,
                length: item.lengthOnLine)
        }
        if let label = item.label, let (mark, length) = item.labelMark { remember(label, item, mark, length, sink) }
        try prompts.append(item)
    }

    private func remember(_ label: String, _ item: PromptItem, _ mark: YAMLMark, _ length: Int, _ sink: DiagnosticSink)
    {
        // Two ids with one 64-bit hash do not happen by chance, and the hash has another seed in every process.
        let first = labels.updateValue(
            Place(line: UInt32(clamping: mark.line), column: UInt32(clamping: mark.column)), forKey: label.hashValue)
        guard let first else { return }
        let place = YAMLMark(line: Int(first.line), column: Int(first.column), offset: 0)
        sink.report(
            "duplicate-id", "job id \(DisplayText.quoted(label)) is used twice", at: mark, length: length,
            hint: "the id is the job's identity; give one of them another",
            notes: item.file == 0 ? [("first used here", place)] : [])
    }
}
