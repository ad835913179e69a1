internal import NightjarCore

/// Finds the job that a person means by a text.
struct JobLookup {
    let store: any JobStore
    /// Where it is looked for, for messages: a batch or the state.
    let place: String

    private static let mostShown = 10
    /// Ids that are looked through for one that is near.
    private static let mostCompared = 100_000

    /// - Parameter batches: Where it may be; `nil`: in any.
    /// - Throws: `Refusal` where there is none, or where there are several.
    func job(_ text: String, in batches: [String]?) async throws -> FoundJob {
        var found: [FoundJob] = []
        if let batches {
            for batch in batches { found += try await store.findJobs(text, batch: batch) }
        } else {
            found = try await store.findJobs(text, batch: nil)
        }
        let exact = found.filter { $0.isCalled(text) }
        if !exact.isEmpty { found = exact }
        if found.count == 1 { return found[0] }
        guard found.isEmpty else { throw Self.ambiguous(text, found) }
        throw Refusal(.usage, try await notFound(text, in: batches))
    }

    /// What a job is called in commands to type: its `id` where no other job of the batch has it, else its key's beginning.
    func name(of job: FoundJob) async throws -> String {
        if let label = job.summary.label {
            let named = try await store.findJobs(label, batch: job.summary.batch).filter { $0.isCalled(label) }
            if named.count == 1, named[0].id == job.id { return label }
        }
        return String(job.summary.key.description.prefix(12))
    }

    private static func ambiguous(_ text: String, _ found: [FoundJob]) -> Refusal {
        let lines = found.prefix(mostShown).map { job in
            let label = job.summary.label.map { "  \(Cells.plain($0))" } ?? ""
            return "\n  \(job.summary.batch)  \(job.summary.key)\(label)  \(job.summary.state.rawValue)"
        }
        let more = found.count > mostShown ? "\n  and more" : ""
        let several = Set(found.map(\.batch)).count > 1 ? ", or name the batch" : ""
        return Refusal(
            .usage,
            "`\(Cells.plain(text))` may be any of these jobs; write more of the key\(several):\(lines.joined())\(more)")
    }

    private func notFound(_ text: String, in batches: [String]?) async throws -> String {
        let words = "there is no job `\(Cells.plain(text))` in \(place)"
        if batches != nil, let other = try await store.findJobs(text, batch: nil).first {
            return "\(words); batch `\(other.summary.batch)` has one"
        }
        var labels: [String] = []
        for batch in batches ?? [] {
            try await collectLabels(of: batch, into: &labels)
        }
        if batches == nil { try await collectLabels(of: nil, into: &labels) }
        let near = nearest(to: text, among: labels).map { "did you mean `\(Cells.plain($0))`?" }
        return "\(words); \(near ?? "`nightjar jobs` lists them")"
    }

    private struct Enough: Error {}

    private func collectLabels(of batch: String?, into labels: inout [String]) async throws {
        var seen = labels
        do {
            try await store.forEachJob(of: batch, in: nil) { job in
                if let label = job.label, seen.last != label { seen.append(label) }
                if seen.count >= Self.mostCompared { throw Enough() }
            }
        } catch is Enough {}
        labels = seen
    }
}

extension FoundJob {
    /// Whether the text is one of the job's names in full.
    func isCalled(_ text: String) -> Bool {
        summary.label == text || summary.key.description == text.lowercased() || summary.remoteID?.rawValue == text
    }
}
