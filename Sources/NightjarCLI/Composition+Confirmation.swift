internal import NightjarCore
internal import NightjarRunner
internal import NightjarStore

extension Composition {
    /// Asks a person who is there before very much is submitted, once a run.
    /// - Returns: How the run ends where the answer is not yes; `nil` where it goes on.
    func refusedByPerson(_ asked: [BatchID], _ store: SQLiteStore) async throws -> ExitCode? {
        let most = configuration.confirmAbove
        guard most > 0, !configuration.quiet, Question.canBeAsked else { return nil }
        let batches = try await store.batches().filter { asked.contains($0.id) }
        // Counted by state already; by model only where it matters.
        let failed = batches.reduce(0) { $0 + (configuration.retryFailed ? $1.count(.failed) : 0) }
        guard batches.reduce(failed, { $0 + $1.count(.pending, .waiting) }) > most else { return nil }
        let jobs = try await store.submittableJobs(asked, andFailed: configuration.retryFailed)
        let estimate = SubmissionEstimate(
            batches.map { batch in
                let own = jobs.filter { $0.batch == batch.id }.map { ($0.model, $0.jobs) }
                return SubmissionEstimate.Batch(
                    name: batch.settings.name, limits: batch.settings.limits,
                    jobs: Dictionary(uniqueKeysWithValues: own))
            },
            maxJobs: configuration.run.maxJobs, budget: configuration.run.budget, prices: configuration.run.prices)
        guard estimate.total.jobs > most else { return nil }
        let words = ConfirmationWords(estimate, names: batches.map(\.settings.name))
        for line in words.lines { display.printAbove(line) }
        switch await Question.ask(words.question, unless: { signals.exitCode }) {
        case .yes: return nil
        case .no:
            display.printAbove(
                "nothing was submitted; the jobs stay pending, and the same command asks again "
                    + "(`--confirm-above 0` never asks)")
            return .limitReached
        case .stopped(let exit):
            display.printAbove("interrupted; nothing was submitted, and the jobs stay pending")
            return exit
        }
    }
}

/// What is asked before very much is submitted.
struct ConfirmationWords: Equatable {
    /// Where there are several batches, what each of them would submit.
    let lines: [String]
    let question: String

    /// Of more batches only the first are told.
    private static let mostLines = 20

    /// - Parameter names: Of the batches, in the order of the estimate.
    init(_ estimate: SubmissionEstimate, names: [String]) {
        let shown = zip(names, estimate.batches).filter { $0.1.jobs > 0 }
        var lines = shown.prefix(Self.mostLines).map { name, amount in
            "\(Cells.plain(name)): \(Self.images(amount.jobs))\(amount.cost.map { ", about \($0)" } ?? "")"
        }
        if shown.count > Self.mostLines { lines.append("and \(shown.count - Self.mostLines) batches more") }
        let isOne = shown.count == 1
        self.lines = isOne ? [] : lines
        let all = estimate.total
        let cost =
            all.cost.map { "about \($0)" } ?? estimate.unpricedWords
        let whose = isOne ? shown.first.map { " of `\(Cells.plain($0.0))`" } ?? "" : ""
        question = "Submit \(Self.images(all.jobs))\(whose) (\(cost))?"
    }

    private static func images(_ count: Int) -> String { count == 1 ? "1 image" : "\(count.grouped) images" }
}
