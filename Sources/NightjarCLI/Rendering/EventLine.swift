package import NightjarCore

extension RunEvent {
    /// The event as `--progress json` prints it.
    package var json: JSONWriter {
        var line = JSONWriter()
        line.add("time", time)
        line.add("event", kind.name)
        line.add("batch", batch)
        switch kind {
        case .started(let progress), .progress(let progress):
            line.add(progress)
        case .submitted(let job, let remote), .ready(let job, let remote):
            line.add(job)
            line.add("job_id", remote.rawValue)
        case .done(let job, let file), .filtered(let job, let file):
            line.add(job)
            line.add("path", file.path)
            line.add("sha256", file.sha256)
            line.add("bytes", file.bytes)
            line.add("width", file.width)
            line.add("height", file.height)
        case .failed(let job, let cause), .unknown(let job, let cause):
            line.add(job)
            line.add("error", cause.json)
        case .waiting(let job, let until, let cause):
            line.add(job)
            line.add("until", until)
            line.add("error", cause.json)
        case .gate(let reason, let until):
            line.add("reason", reason)
            line.add("until", until)
        case .finished(let exit, let reason, _):
            line.add("exit", exit)
            line.add("reason", reason)
        }
        return line
    }
}

extension RunEvent.Kind {
    fileprivate var name: String {
        switch self {
        case .started: "started"
        case .submitted: "submitted"
        case .ready: "ready"
        case .done: "done"
        case .filtered: "filtered"
        case .failed: "failed"
        case .unknown: "unknown"
        case .waiting: "waiting"
        case .gate: "gate"
        case .progress: "progress"
        case .finished: "finished"
        }
    }
}

extension FailureCause {
    /// `{"kind","message"}`.
    package var json: JSONWriter {
        var line = JSONWriter()
        line.add("kind", kind.rawValue)
        line.add("message", message)
        return line
    }
}

extension JSONWriter {
    fileprivate mutating func add(_ job: JobReference) {
        add("key", job.key.description)
        add("index", job.index)
    }

    fileprivate mutating func add(_ progress: BatchProgress) {
        add("total", progress.total)
        add(progress.counts, JobState.allCases)
        add("images_per_second", progress.throughput)
        add("eta_seconds", progress.etaSeconds)
        add("spent", progress.spent)
    }
}
