import NightjarCore
import YAMLStream

/// Checks the prompts of a document as they go by, and counts them. What depends on keys that may come later is decided
/// at the end.
final class PromptSurvey {
    private let sink: DiagnosticSink
    /// Prompts that would be errors but for `variants: none` at the top.
    private let dynamic: DiagnosticSink
    /// Ids and where they stand: one entry a prompt, so kept small.
    private var labels: [String: Place] = [:]
    /// Prompts that stand for as many jobs as `seeds` says.
    private var multiplied = 0
    /// Prompts with a seed of their own.
    private var single = 0
    private(set) var entries = 0
    /// The first prompt that names no model.
    private var withoutModel: (mark: YAMLMark, length: Int)?

    private struct Place {
        var line: UInt32
        var column: UInt32

        init(_ mark: YAMLMark) {
            line = UInt32(clamping: mark.line)
            column = UInt32(clamping: mark.column)
        }

        var mark: YAMLMark { YAMLMark(line: Int(line), column: Int(column), offset: 0) }
    }

    init(sink: DiagnosticSink) {
        self.sink = sink
        dynamic = DiagnosticSink(file: sink.file)
    }

    func take(_ text: String, _ style: YAMLScalarStyle, _ event: YAMLEvent) {
        entries += 1
        take(PromptItem(text: text, style: style, from: event.start, to: event.end))
    }

    func take(_ node: YAMLNode) {
        entries += 1
        if let item = PromptItem(node, sink: sink) { take(item) }
    }

    private func take(_ item: PromptItem) {
        let length = item.mark.line == item.end.line ? max(1, item.end.column - item.mark.column) : 1
        if item.hasSeed { single += 1 } else { multiplied += 1 }
        if !item.hasModel, withoutModel == nil { withoutModel = (item.mark, length) }
        if item.isBlank {
            sink.report(
                "prompt", "a prompt needs at least one character that is not blank", at: item.mark, length: length)
        }
        if !item.isVerbatim, let token = PromptSyntax.firstToken(in: item.prompt) { report(token, in: item) }
        if let label = item.label, let node = item.labelNode {
            if let first = labels[label] {
                sink.report(
                    "duplicate-id", "job id \(DisplayText.quoted(label)) is used twice", at: node,
                    hint: "the id is the job's identity; give one of them another",
                    notes: [("first used here", first.mark)])
            } else {
                labels[label] = Place(node.start)
            }
        }
    }

    private func report(_ token: PromptSyntax.Token, in item: PromptItem) {
        guard dynamic.keeps(item.mark) else { return dynamic.countOnly() }
        let exact = scalarMark(item.prompt, item.style, from: item.mark, to: item.end, at: token.offset)
        let mark = exact ?? item.mark
        let isBlock = item.style == .literal || item.style == .folded
        dynamic.add(
            DiagnosticSink.Finding(
                mark: mark,
                diagnostic: Diagnostic(
                    file: sink.file, line: mark.line, column: mark.column,
                    length: exact == nil ? 1 : token.text.unicodeScalars.count, code: "unsupported",
                    message:
                        "\(DisplayText.quoted(token.text)) \(token.meaning) in the prompt language, which is not "
                        + "supported by this version of nightjar",
                    hint: "write `variants: none` beside the prompt (or at the top) to take the text as it stands"),
                search: exact == nil
                    ? DiagnosticSink.Search(text: token.text, end: item.end, skipsFirstLine: isBlock) : nil))
    }

    /// Decides what had to wait for the rest of the document.
    /// - Returns: How many jobs it makes.
    func finish(_ plan: BatchPlan, _ header: DocumentHeader) -> Int {
        guard header.isComplete else { return 0 }
        if !plan.isVerbatim { sink.add(contentsOf: dynamic) }
        if let place = withoutModel, !plan.hasModel {
            sink.report(
                "missing", "this prompt has no `model`, and `defaults` gives none", at: place.mark,
                length: place.length,
                hint: "add `defaults: {model: …}`")
        }
        guard let key = header.promptsKey else {
            header.reportMissing("prompts", hint: "write `prompts:` and each prompt behind `- `", sink: sink)
            return 0
        }
        let (product, isTooLarge) = multiplied.multipliedReportingOverflow(by: plan.seeds?.count ?? 1)
        let jobs = isTooLarge ? Int.max : product.addingReportingOverflow(single).partialValue
        if jobs > Schema.mostJobs {
            sink.report("too-many", "the batch has more than \(Schema.mostJobs) jobs", at: key)
        }
        if entries == 0 {
            if !sink.hasErrors { sink.report("empty", "`prompts` is empty: the batch has no jobs", at: key) }
        } else if jobs == 0, multiplied > 0, let node = header.value("seeds") {
            sink.report("empty", "no seeds: the batch has no jobs", at: node)
        }
        return jobs
    }
}
