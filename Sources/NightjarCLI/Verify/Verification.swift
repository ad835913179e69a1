internal import NightjarCore
internal import NightjarFiles
internal import NightjarStore

/// Compares every delivered file with what the state says of it.
struct Verification {
    let store: any JobStore
    /// Of batches that came with a `run`; those of an inbox know their own.
    let output: String

    /// Files that are read at one time.
    static let width = 2

    /// A file to look at.
    private struct Item: Sendable {
        var key: JobKey
        var label: String?
        var state: JobState
        var file: OutputFile
    }

    /// - Parameter progress: Told after each file how many have been looked at.
    func run(
        _ batches: [BatchSummary], progress: (_ checked: Int, _ bytes: Int64) -> Void
    ) async throws -> VerifyReport {
        var report = VerifyReport()
        for batch in batches where batch.count(.done, .filtered) > 0 {
            let check = FileCheck(output: batch.settings.output(otherwise: output), width: Self.width)
            try await run(batch.settings.name, check, &report, progress)
        }
        return report
    }

    private func run(
        _ batch: String, _ check: FileCheck, _ report: inout VerifyReport,
        _ progress: (_ checked: Int, _ bytes: Int64) -> Void
    ) async throws {
        var items: [Item] = []
        try await store.forEachJob(of: batch, in: [.done, .filtered]) { job in
            guard let file = job.file else { return }
            items.append(Item(key: job.key, label: job.label, state: job.state, file: file))
        }
        var problems: [Int: VerifyReport.Finding.Problem] = [:]
        try await withThrowingTaskGroup(of: (Int, VerifyReport.Finding.Problem?).self) { group in
            var next = 0
            func add() {
                let (place, file) = (next, items[next].file)
                next += 1
                group.addTask { (place, await Self.problem(of: file, check)) }
            }
            while next < min(Self.width, items.count) { add() }
            while let (place, problem) = try await group.next() {
                problems[place] = problem
                report.checked += 1
                report.bytes += items[place].file.bytes
                progress(report.checked, report.bytes)
                if next < items.count { add() }
            }
        }
        let lookup = JobLookup(store: store, place: batch)
        for (place, problem) in problems.sorted(by: { $0.key < $1.key }) {
            let item = items[place]
            guard let found = try await store.findJobs(item.key.description, batch: batch).first else { continue }
            report.findings.append(
                VerifyReport.Finding(
                    batch: batch, name: try await lookup.name(of: found), key: item.key, label: item.label,
                    state: item.state, file: item.file, problem: problem))
        }
    }

    private static func problem(of file: OutputFile, _ check: FileCheck) async -> VerifyReport.Finding.Problem? {
        do {
            return switch try await check.verify(file) {
            case .whole: nil
            case .missing: .missing
            case .damaged(let words): .damaged(words)
            }
        } catch {
            switch error {
            case .unwritable(let words), .notAnImage(let words), .wrongSize(let words): return .unreadable(words)
            }
        }
    }
}
