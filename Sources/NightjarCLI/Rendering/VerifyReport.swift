package import NightjarCore

/// What `verify` has found, and what `--repair` made of it.
package struct VerifyReport: Equatable, Sendable {
    package struct Finding: Equatable, Sendable {
        package enum Problem: Equatable, Sendable {
            case missing
            /// In words that follow the path.
            case damaged(String)
            /// Nothing is known of it: it could not be looked at.
            case unreadable(String)
        }

        package enum Repair: Equatable, Sendable {
            /// - Parameter isOther: The API's file is another than the recorded one; it has been recorded anew.
            case repaired(isOther: Bool)
            /// What the API delivers now is blank, and has been put where blank images are.
            case blank(path: String)
            /// The API no longer has it.
            case gone(String)
            case failed(String)
        }

        package var batch: String
        /// As commands name the job.
        package var name: String
        package var key: JobKey
        package var label: String?
        package var state: JobState
        package var file: OutputFile
        package var problem: Problem
        package var repair: Repair?

        package init(
            batch: String, name: String, key: JobKey, label: String?, state: JobState, file: OutputFile,
            problem: Problem, repair: Repair? = nil
        ) {
            self.batch = batch
            self.name = name
            self.key = key
            self.label = label
            self.state = state
            self.file = file
            self.problem = problem
            self.repair = repair
        }

        package var isLeft: Bool {
            switch repair {
            case .repaired, .blank: false
            case nil, .gone, .failed: true
            }
        }
    }

    package var checked = 0
    /// Of the files as they were recorded.
    package var bytes: Int64 = 0
    package var findings: [Finding] = []

    package init() {}

    package var exit: ExitCode { findings.contains(where: \.isLeft) ? .someFailed : .success }

    // MARK: For people

    /// Lines that each end with a line end.
    /// - Parameters:
    ///   - output: The output folder as the user named it.
    ///   - repairs: Whether repair was asked for.
    package func text(output: String, advice: CommandAdvice, batch: String?, repairs: Bool, style: TerminalStyle)
        -> String
    {
        var lines = findings.flatMap { finding -> [String] in
            var lines = ["\(finding.heading(style)) \(Cells.plain("\(output)/\(finding.file.path)"))"]
            let name = Cells.plain("\(finding.name) of \(finding.batch)")
            lines += (finding.words.isEmpty ? [name] : [name, finding.words]).map { "  \($0)" }
            lines += finding.repairWords(advice, output).map { "  \($0)" }
            return lines
        }
        lines.append(summary)
        if findings.contains(where: { !$0.isLeft && $0.isDamaged }) {
            lines.append("what was damaged is kept in \(Cells.plain("\(output)/.nightjar/damaged"))")
        }
        if findings.contains(where: \.isLeft), !repairs {
            let words = (["verify"] + (batch.map { [ShellWord.quoted($0)] } ?? []) + ["--repair"]).joined(
                separator: " ")
            lines.append("to fetch them again: \(advice.command(words))")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private var summary: String {
        let images = checked == 1 ? "1 image" : "\(checked) images"
        guard !findings.isEmpty else {
            return checked == 0
                ? "there are no images yet" : "\(images) checked (\(ByteCount(bytes: bytes))), all whole"
        }
        let counts: [(Int, String)] = [
            (findings.count { $0.problem == .missing }, "missing"),
            (findings.count { $0.isDamaged }, "damaged"),
            (findings.count { $0.isUnreadable }, "could not be looked at"),
            (findings.count { !$0.isLeft }, "repaired"),
        ]
        let parts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return "\(images) checked (\(ByteCount(bytes: bytes))): \(parts.joined(separator: ", "))"
    }

    // MARK: For programs

    /// One JSON object, without a line end.
    package var json: String {
        var line = JSONWriter()
        line.add("version", 1)
        line.add("checked", checked)
        line.add("bytes", bytes)
        line.add("left", findings.count(where: \.isLeft))
        line.add("damaged", findings.map(\.json))
        return line.text
    }
}

extension VerifyReport.Finding {
    fileprivate var isDamaged: Bool {
        if case .damaged = problem { true } else { false }
    }

    fileprivate func heading(_ style: TerminalStyle) -> String {
        switch (repair, problem) {
        case (.repaired, _), (.blank, _): style.paint("repaired", .good)
        case (_, .missing): style.paint("missing", .bad)
        case (_, .damaged): style.paint("damaged", .bad)
        case (_, .unreadable): style.paint("unreadable", .bad)
        }
    }

    fileprivate var words: String {
        switch problem {
        case .missing: ""
        case .damaged(let words), .unreadable(let words): isLeft ? Cells.plain(words) : ""
        }
    }

    fileprivate func repairWords(_ advice: CommandAdvice, _ output: String) -> [String] {
        switch repair {
        case nil: []
        case .repaired(let isOther):
            isOther ? ["the API's file is another one than before; its SHA-256 is recorded now"] : []
        case .blank(let path): ["the API's image is blank; it lies in \(Cells.plain("\(output)/\(path)"))"]
        case .gone(let words), .failed(let words): [Cells.plain(words)] + hint(advice)
        }
    }

    private func hint(_ advice: CommandAdvice) -> [String] {
        guard case .gone = repair else { return [] }
        return ["to pay for another: \(Cells.plain(advice.resubmit(name, of: batch)))"]
    }

    fileprivate var json: JSONWriter {
        var line = JSONWriter()
        line.add("batch", batch)
        line.add("key", key.description)
        line.add("id", label)
        line.add("state", state.rawValue)
        line.add("path", file.path)
        let (kind, message): (String, String?) =
            switch problem {
            case .missing: ("missing", nil)
            case .damaged(let words): ("damaged", words)
            case .unreadable(let words): ("unreadable", words)
            }
        line.add("problem", kind)
        line.add("message", message)
        line.add("repaired", !isLeft)
        let note: String? =
            switch repair {
            case nil, .repaired(isOther: false): nil
            case .repaired(isOther: true): "the API's file is another one than before"
            case .blank(let path): "blank; it lies in \(path)"
            case .gone(let words), .failed(let words): words
            }
        line.add("note", note)
        return line
    }
}
