package import NightjarCore

/// What `jobs` prints, one job at a time: a million of them are streamed.
package struct JobsRenderer: Sendable {
    /// Whether each line names the batch.
    private let namesBatch: Bool
    /// Columns of the terminal; `nil` where there is none.
    private let width: Int?
    private let style: TerminalStyle

    /// Prompts are cut to this where no terminal says how wide it is.
    private static let widestPrompt = 72

    package init(namesBatch: Bool, width: Int?, style: TerminalStyle) {
        self.namesBatch = namesBatch
        self.width = width
        self.style = style
    }

    /// State, index, `id` or the beginning of the key, where the file is or what went wrong, and the prompt.
    package func line(_ job: JobSummary) -> String {
        var pieces = [
            TerminalStyle.Piece(Cells.padded(job.state.rawValue, to: 10), Self.ink(job.state)),
            .init("  " + Cells.padded(String(job.index), to: 6, alignment: .right)),
        ]
        if namesBatch { pieces.append(.init("  " + style.plain(job.batch))) }
        let name = Cells.cut(
            style.plain(job.label ?? String(job.key.description.prefix(8))), to: 24, ellipsis: style.ellipsis)
        pieces.append(.init("  " + Cells.padded(name, to: 8), .strong))
        if let file = job.file {
            pieces.append(.init("  " + style.plain(file.path)))
        } else if let error = job.error, job.state != .done {
            pieces.append(.init("  " + style.plain("\(error.kind.rawValue): \(error.message)"), Self.ink(job.state)))
        }
        if job.isPaused { pieces.append(.init("  paused", .warning)) }
        if job.isUnwanted { pieces.append(.init("  cancelled, comes home", .dim)) }
        if job.isRemoved { pieces.append(.init("  not in the manifest", .dim)) }
        let prompt = Cells.cut(style.plain(job.request.prompt), to: Self.widestPrompt, ellipsis: style.ellipsis)
        pieces.append(.init("  " + prompt, .dim))
        return style.line(pieces, width: width ?? .max)
    }

    /// The job as `jobs --json` prints it.
    package static func json(_ job: JobSummary) -> JSONWriter {
        let parameters = job.request.parameters
        var line = JSONWriter()
        line.add("batch", job.batch)
        line.add("key", job.key.description)
        line.add("index", job.index)
        line.add("id", job.label)
        line.add("state", job.state.rawValue)
        line.add("removed", job.isRemoved)
        line.add("paused", job.isPaused)
        line.add("unwanted", job.isUnwanted)
        line.add("prompt", job.request.prompt)
        line.add("model", parameters.model)
        line.add("seed", job.request.seed)
        line.add("job_id", job.remoteID?.rawValue)
        line.add("attempts", job.attempts)
        line.add("path", job.file?.path)
        line.add("sha256", job.file?.sha256)
        line.add("bytes", job.file?.bytes)
        line.add("width", job.file?.width ?? parameters.width)
        line.add("height", job.file?.height ?? parameters.height)
        line.add("error", job.error?.json)
        line.add("created_at", job.createdAt)
        line.add("updated_at", job.updatedAt)
        return line
    }

    static func ink(_ state: JobState) -> TerminalStyle.Ink {
        switch state {
        case .done: .good
        case .failed: .bad
        case .unknown, .filtered: .warning
        case .submitting, .submitted, .ready: .bar
        case .pending, .waiting: .normal
        case .cancelled: .dim
        }
    }
}
