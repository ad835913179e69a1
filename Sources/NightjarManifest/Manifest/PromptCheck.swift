import NightjarCore
import PromptLanguage
import YAMLStream

/// Checks the prompts of a document against all that the document says, and counts the jobs.
struct PromptCheck {
    let plan: BatchPlan
    let survey: PromptSurvey
    let context: ManifestContext
    let header: DocumentHeader
    private let wildcards: CachedWildcards
    private let pathVariables: [PathTemplate.Variable]
    private var usedVariables: Set<String> = []
    private var comments = 0

    init(plan: BatchPlan, survey: PromptSurvey, header: DocumentHeader, context: ManifestContext) {
        self.plan = plan
        self.survey = survey
        self.header = header
        self.context = context
        wildcards = plan.cachedWildcards
        pathVariables = (try? PathTemplate(plan.settings.pathTemplate))?.variables ?? []
    }

    /// - Returns: How many jobs the document makes, before `sample`.
    mutating func count() throws -> BigNatural {
        let sink = context.sink
        if let place = survey.withoutModel, !plan.hasModel, !plan.hasModelAxis {
            place.sink.report(
                "missing", "this prompt has no `model`, and `defaults` gives none", at: place.mark,
                length: place.length, hint: "add `defaults: {model: …}`")
        }
        if header.promptsKey == nil, header.value("prompts_from") == nil {
            header.reportMissing("prompts", hint: "write `prompts:` and each prompt behind `- `", sink: sink)
        }
        guard let matrix = plan.matrix, let combinations = matrix.count else {
            try checkWithoutMatrix()
            return .zero
        }
        checkPath(matrix)
        let slots = BigNatural(plan.seeds?.count ?? 1)
        var jobs = (BigNatural(survey.multiplied) * slots + BigNatural(survey.single)) * combinations
        // Where no prompt can be wrong any more, none is looked at again.
        if survey.dynamic > 0 || !matrix.axes.isEmpty || !pathVariables.isEmpty {
            let names = Set(matrix.axes.map(\.name))
            let fieldAxes = matrix.axes.filter { $0.fields != nil }.map(\.name)
            try survey.prompts.records.forEach { record in
                let item = record.item
                check(item, axes: names, fieldAxes: fieldAxes)
                guard item.isDynamic else { return }
                let variants = self.variants(of: item, axes: names)
                jobs = jobs + variants * (item.hasSeed ? BigNatural.one : slots) * combinations
            }
            reportWildcards()
        }
        if !context.hasErrors {
            warnOfUnusedAxes(matrix)
            checkCount(jobs)
        }
        return jobs
    }

    /// What is wrong with the prompts whatever the matrix says that cannot be used.
    private mutating func checkWithoutMatrix() throws {
        var axes: Set<String>?
        switch header.value("matrix")?.content {
        case nil: axes = []
        case .mapping(let pairs): axes = Set(pairs.map(\.name))
        case .scalar, .sequence, .invalid: break
        }
        try survey.prompts.records.forEach { record in
            let item = record.item
            if item.isDynamic { _ = variants(of: item, axes: axes) }
        }
        reportWildcards()
    }

    private func reportWildcards() {
        for problem in plan.wildcards.problems {
            let mark = header.value("wildcards")?.start ?? header.start
            context.sink.report("wildcards", "a wildcard cannot be used: \(problem)", at: mark)
        }
    }

    // MARK: One prompt

    private func sink(of item: PromptItem) -> DiagnosticSink {
        item.file == 0 ? context.sink : context.sink(forList: plan.lists[item.file - 1].name)
    }

    private func check(_ item: PromptItem, axes: Set<String>, fieldAxes: [String]) {
        let start = YAMLMark(line: item.line, column: item.column, offset: item.mark.offset)
        for name in fieldAxes where item.fields.has(name) {
            sink(of: item).report(
                "axis", "this prompt gives `\(name)`, which is an axis of `matrix`", at: start,
                length: item.lengthOnLine,
                hint: "leave it out here, or take the axis away")
        }
        for variable in item.variables where axes.contains(variable.name) {
            sink(of: item).report(
                "axis", "the column \(DisplayText.quoted(variable.name)) is also an axis of `matrix`", at: start,
                length: item.lengthOnLine, hint: "call one of them otherwise")
        }
        for variable in pathVariables
        where !plan.lists.isEmpty && !axes.contains(variable.name)
            && !item.variables.contains(where: { $0.name == variable.name })
        {
            sink(of: item).report(
                "path", "the path names `${\(variable.name)}`, which this prompt has no value for", at: start,
                length: item.lengthOnLine)
        }
    }

    /// - Parameter axes: `nil` where they are not known: any variable could be one.
    private mutating func variants(of item: PromptItem, axes: Set<String>?) -> BigNatural {
        let mode = item.variants ?? plan.variants
        guard mode != .none else { return .one }
        do throws(PromptError) {
            let template = try PromptTemplate(parsing: item.prompt)
            if let comment = template.commentOffset { warn(ofComment: comment, in: item) }
            if let brace = template.strayBraceOffset {
                report(
                    "prompt", "this `}` closes nothing", offset: brace, text: "}", in: item,
                    hint: "`variants: none` takes the text as it stands")
            }
            let known = (axes ?? template.variableNames).union(item.variables.map(\.name))
            let expansion = try PromptExpansion(template, wildcards: wildcards, variables: known)
            usedVariables.formUnion(expansion.usedVariables)
            if expansion.count == .zero {
                report("prompt", "this prompt makes nothing: no combination is left", offset: nil, in: item)
            } else if expansion.count == .one, isBlank(expansion.text(at: .zero, variables: { _ in "x" })) {
                report("prompt", "nothing is left of this prompt", offset: nil, in: item)
            }
            return mode == .random ? .one : expansion.count
        } catch {
            let sink = sink(of: item)
            func report() {
                self.report(
                    "prompt", error.message, offset: error.offset, length: error.length,
                    text: Self.piece(of: item.prompt, error.offset, error.length), in: item,
                    hint: sink.keeps(item.mark) ? hint(for: error, item) : nil)
            }
            if error.kind == .unknownWildcard { sink.reportMissingFile(report) } else { report() }
            return .zero
        }
    }

    /// What to type, by what a manifest has.
    private func hint(for error: PromptError, _ item: PromptItem) -> String? {
        let piece = Self.piece(of: item.prompt, error.offset, error.length)
        if error.kind == .unknownWildcard, let elsewhere = plan.wildcards.elsewhere(piece) {
            return "`\(DisplayText.neutral(elsewhere))` is no wildcard: they are looked for in "
                + "`\(plan.wildcards.name)/`, or where `wildcards:` says"
        }
        if error.hint?.hasPrefix("did you mean") == true { return error.hint }
        switch error.kind {
        case .undefinedVariable:
            let name = String(piece.dropFirst(2).prefix { $0 != "}" && $0 != ":" }).trimmed()
            guard !PathTemplate.Placeholder.allCases.map(\.rawValue).contains(name) else {
                return "`${\(name)}` stands in paths, not in prompts"
            }
            return "add an axis `\(name)` to `matrix`, or give it a default: `${\(name):…}`"
        case .unknownWildcard:
            let name =
                piece.hasPrefix("__") && piece.hasSuffix("__") ? piece.dropFirst(2).dropLast(2).trimmed() : "NAME"
            return
                "write its values into `\(plan.wildcards.name)/\(name).txt`, or `variants: none` to take the text as it "
                + "stands"
        default: return error.hint
        }
    }

    private func isBlank(_ text: String) -> Bool { !text.unicodeScalars.contains { !$0.properties.isWhitespace } }

    private mutating func warn(ofComment offset: Int, in item: PromptItem) {
        comments += 1
        let rest = Self.piece(of: item.prompt, offset, 2)
        let sign = rest.hasPrefix("#") ? "#" : rest
        report(
            "comment", "from `\(sign)` on this is a comment, and no part of the prompt", offset: offset,
            length: sign.unicodeScalars.count, text: sign, in: item,
            hint: "`variants: none` takes the text as it stands", severity: .warning)
    }

    private static func piece(of text: String, _ offset: Int, _ length: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.dropFirst(offset).prefix(length)))
    }

    /// Points into a prompt, if the file shows it as it is; else the piece is looked for in the file.
    /// - Parameter offset: Unicode scalars; `nil` for the whole prompt.
    private func report(
        _ code: String, _ message: String, offset: Int?, length: Int = 1, text: String = "", in item: PromptItem,
        hint: String? = nil, severity: Diagnostic.Severity = .error
    ) {
        let sink = sink(of: item)
        if severity == .warning, !sink.mayWarn(code) { return }
        guard let offset, severity == .warning || sink.keeps(item.mark) else {
            return sink.report(
                code, message, at: item.mark, length: item.lengthOnLine, hint: hint, severity: severity)
        }
        let exact = scalarMark(item.prompt, item.style, from: item.mark, to: item.end, at: offset)
        let mark = exact ?? item.mark
        let isBlock = item.style == .literal || item.style == .folded
        sink.add(
            DiagnosticSink.Finding(
                mark: mark,
                diagnostic: Diagnostic(
                    severity: severity, file: sink.file, line: mark.line, column: mark.column,
                    length: exact == nil ? 1 : max(1, length), code: code, message: message, hint: hint),
                search: exact == nil && !text.isEmpty
                    ? DiagnosticSink.Search(text: text, end: item.end, skipsFirstLine: isBlock) : nil))
    }

    // MARK: The whole

    /// A variable of the path that no axis and no column can have.
    private func checkPath(_ matrix: Matrix) {
        guard let node = plan.pathNode, plan.lists.isEmpty else { return }
        let names = matrix.axes.map(\.name)
        for variable in pathVariables where !names.contains(variable.name) {
            let error = PathTemplate.unknownVariable(
                name: variable.name, known: names, offset: variable.offset, length: variable.length)
            context.sink.report(
                "path", error.message, at: node.mark(at: error.offset) ?? node.start,
                length: node.mark(at: 0) == nil ? node.lengthOnLine : error.length, hint: error.hint)
        }
    }

    private func warnOfUnusedAxes(_ matrix: Matrix) {
        for (axis, key) in zip(matrix.axes, plan.axisKeys) where axis.fields == nil && axis.values.count > 1 {
            guard !usedVariables.contains(axis.name), !pathVariables.contains(where: { $0.name == axis.name }) else {
                continue
            }
            context.sink.report(
                "unused-axis",
                "no prompt names `${\(axis.name)}`: each of its \(axis.values.count) values asks for the "
                    + "same image again, with another seed", at: key, severity: .warning)
        }
        for (axis, key) in zip(matrix.axes, plan.axisKeys) {
            guard let value = axis.values.first(where: { $0.contains("{") || $0.contains("__") }) else { continue }
            context.sink.report(
                "literal-value", "\(DisplayText.quoted(value)) is taken as it stands: values of an axis are no prompts",
                at: key, severity: .warning)
        }
    }

    private func checkCount(_ jobs: BigNatural) {
        let sink = context.sink
        let most = BigNatural(Schema.mostJobs)
        let key = header.promptsKey ?? header.key("prompts_from")
        if survey.entries == 0 {
            guard let key else { return }
            sink.report("empty", "`\(key.text ?? "prompts")` is empty: the batch has no jobs", at: key)
        } else if jobs == .zero {
            if plan.seeds?.count == 0, let node = header.value("seeds") {
                sink.report("empty", "no seeds: the batch has no jobs", at: node)
            } else if let node = header.value("exclude") {
                sink.report("empty", "everything is excluded: the batch has no jobs", at: node)
            }
        } else if let sample = plan.sample {
            if jobs <= BigNatural(sample.count), let node = header.value("sample") {
                sink.report(
                    "sample", "there are \(jobs) jobs, so all of them are made", at: node, severity: .warning)
            }
        } else if most < jobs {
            sink.report(
                "too-many", "the batch has \(Self.grouped(jobs)) jobs, more than \(Self.grouped(most))",
                at: key ?? header.pairs.first?.key
                    ?? YAMLNode(content: .invalid, start: header.start, end: header.start),
                hint: "draw some of them: `sample: {count: 1000}`")
        }
    }

    /// With commas; beyond 30 digits by its length.
    private static func grouped(_ number: BigNatural) -> String {
        let digits = Array(number.description)
        guard digits.count <= 30 else { return "10^\(digits.count - 1) or more" }
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
