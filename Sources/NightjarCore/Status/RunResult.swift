/// How batches have ended: what `NAME.result.json` and a notification hold.
package struct RunResult: Equatable, Sendable {
    /// One batch, at its end.
    package struct Batch: Equatable, Sendable {
        package var summary: BatchSummary
        /// How it ended, as `run` would with it alone.
        package var exit: ExitCode
        package var startedAt: WallTime
        package var finishedAt: WallTime
        /// Where its images lie.
        package var output: String
        /// Its failed jobs, in the order of their index; at most `mostFailures`.
        package var failures: [JobSummary]

        package init(
            summary: BatchSummary, exit: ExitCode, startedAt: WallTime, finishedAt: WallTime, output: String,
            failures: [JobSummary]
        ) {
            self.summary = summary
            self.exit = exit
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.output = output
            self.failures = failures
        }
    }

    /// Of more failed jobs, a result counts the rest.
    package static let mostFailures = 1000

    package var batches: [Batch]

    package init(batches: [Batch]) {
        self.batches = batches
    }

    /// Where batches ended differently, the first of `ExitCode.precedence`.
    package var exit: ExitCode {
        ExitCode.precedence.first { code in batches.contains { $0.exit == code } } ?? .success
    }

    /// - Parameter duplicateOf: The `NAME` of the manifest that brought the same content first.
    package func json(duplicateOf: String? = nil, now: WallTime) -> JSONWriter {
        var line = JSONWriter()
        line.add("version", 1)
        line.add("exit", exit.rawValue)
        line.add("batches", batchesJSON(now: now))
        if let duplicateOf { line.add("duplicate_of", duplicateOf) }
        return line
    }

    /// Each batch alone, as it stands in `batches`.
    package func batchesJSON(now: WallTime) -> [JSONWriter] { batches.map { $0.json(now: now) } }
}

extension RunResult.Batch {
    fileprivate func json(now: WallTime) -> JSONWriter {
        var line = summary.json(now: now)
        line.add("exit", exit.rawValue)
        line.add("started_at", startedAt)
        line.add("finished_at", finishedAt)
        line.add("output", output)
        line.add("failures", failures.prefix(RunResult.mostFailures).map(\.failure))
        line.add(
            "failures_omitted", max(0, summary.count(.failed) - min(failures.count, RunResult.mostFailures)))
        return line
    }
}

extension JobSummary {
    /// `{"key","id","kind","message"}`.
    fileprivate var failure: JSONWriter {
        var line = JSONWriter()
        line.add("key", key.description)
        line.add("id", label)
        line.add("kind", error?.kind.rawValue)
        line.add("message", error?.message)
        return line
    }
}
