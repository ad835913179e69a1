package import NightjarCore

/// What is said of decisions about jobs: what became of each, and what goes on now.
package struct DecisionReport: Sendable {
    package enum Fate: Equatable, Sendable {
        case moved(from: JobState, to: JobState)
        /// There is nothing to do: what was wanted is so already.
        case asItIs(JobState)
        case refused(String)
        /// It stands in the state, and the process that holds it has not carried it out.
        case left
    }

    package struct Item: Equatable, Sendable {
        package var batch: String
        /// As commands name the job.
        package var name: String
        package var decision: Decision
        package var remoteID: RemoteJobID?
        package var fate: Fate

        package init(batch: String, name: String, decision: Decision, remoteID: RemoteJobID? = nil, fate: Fate) {
            self.batch = batch
            self.name = name
            self.decision = decision
            self.remoteID = remoteID
            self.fate = fate
        }
    }

    private let items: [Item]
    /// A process that holds the state goes on with the jobs.
    private let isRunning: Bool
    /// Lines besides those of the jobs.
    private let notes: [String]
    /// The names of the batches that the daemon runs.
    private let ofInboxes: Set<String>

    /// From more jobs on, they are counted.
    private static let mostLines = 10

    package init(_ items: [Item], isRunning: Bool, notes: [String] = [], ofInboxes: Set<String> = []) {
        self.items = items
        self.isRunning = isRunning
        self.notes = notes
        self.ofInboxes = ofInboxes
    }

    package var exit: ExitCode {
        if items.contains(where: \.isLeft) { return .locked }
        return items.contains(where: \.isRefused) ? .usage : .success
    }

    /// For standard output.
    package var lines: [String] {
        let told = items.filter { !$0.isRefused && !$0.isLeft }
        var lines = told.count > Self.mostLines ? counts(told) : told.map { "\($0.title): \($0.words)" }
        lines += notes
        guard let next else { return lines }
        return lines + [next]
    }

    /// For standard error.
    package var problems: [String] {
        let refused = items.compactMap { item -> String? in
            guard case .refused(let words) = item.fate else { return nil }
            return "\(item.title): \(Cells.plain(words))"
        }
        var problems = Array(refused.prefix(Self.mostLines))
        if refused.count > problems.count { problems.append("\(refused.count - problems.count) more were refused") }
        let left = items.count(where: \.isLeft)
        if left > 0 {
            problems.append(
                "a process holds the state, and has not carried out \(left == 1 ? "the decision" : "\(left) decisions") "
                    + "in time; it stands in the state, and is carried out by that process or by the next run")
        }
        return problems
    }

    private var next: String? {
        let active = items.filter(\.isActive)
        guard !active.isEmpty else { return nil }
        if isRunning { return "the process that runs goes on with \(active.count == 1 ? "it" : "them")" }
        let batches = Set(active.map(\.batch)).sorted()
        return "to go on: \(CommandAdvice.toGoOn(batches, ofInboxes: ofInboxes))"
    }

    private func counts(_ items: [Item]) -> [String] {
        var order: [String] = []
        var sums: [String: [(words: String, count: Int)]] = [:]
        for item in items {
            if sums[item.batch] == nil { order.append(item.batch) }
            let words = item.countedWords
            if let place = sums[item.batch]?.firstIndex(where: { $0.words == words }) {
                sums[item.batch]?[place].count += 1
            } else {
                sums[item.batch, default: []].append((words, 1))
            }
        }
        return order.map { batch in
            let parts = (sums[batch] ?? []).map { "\($0.count) \($0.words)" }
            return "\(batch): \(parts.joined(separator: ", "))"
        }
    }
}

extension DecisionReport.Item {
    fileprivate var title: String { Cells.plain("\(name) of \(batch)") }

    fileprivate var isRefused: Bool {
        if case .refused = fate { true } else { false }
    }
    fileprivate var isLeft: Bool { fate == .left }

    /// Whether a run has something to do with it now.
    fileprivate var isActive: Bool {
        switch fate {
        case .moved(_, let to): !to.isFinal && decision != .pause
        case .asItIs(let state): !state.isFinal && decision != .pause
        case .refused, .left: false
        }
    }

    private var id: String { remoteID.map { "`\(Cells.plain($0.rawValue))`" } ?? "" }

    fileprivate var words: String {
        switch (fate, decision) {
        case (.moved(let from, .pending), .resubmit):
            return from == .unknown
                ? "is submitted again, and paid for again if the lost one was accepted"
                : "is submitted again, and paid for again"
        case (.moved(_, .submitted), .adopt(let id)):
            return
                "is taken for `\(Cells.plain(id.rawValue))` from now on; its image is fetched when that has completed"
        case (.moved(let from, .submitted), _) where from != .submitted:
            return
                "its old job \(id) is asked for first: fetched if it has completed; if the API no longer knows it, another one is paid for"
        case (.moved(let from, let to), .cancel) where from == to: return from.unwantedWords
        case (.moved, .cancel): return "is cancelled"
        case (.moved, .pause): return "is paused"
        case (.moved, .resume): return "is resumed, and submitted in its turn"
        case (.moved(let from, let to), .retry) where from == to:
            return "is wanted again (`\(to.rawValue)`), and tried again where it FAILS"
        case (.moved(_, .unknown), _): return "is held again: its answer was lost before it was cancelled"
        case (.moved(_, .pending), _): return "is submitted again in its turn; nothing was billed for it"
        case (.moved(_, let to), _): return "is `\(to.rawValue)` now"
        case (.asItIs(.done), .retry), (.asItIs(.filtered), .retry): return "has been delivered; nothing to try again"
        case (.asItIs(let state), .adopt(let id)):
            return "is `\(Cells.plain(id.rawValue))` already (`\(state.rawValue)`)"
        case (.asItIs, .pause): return "is paused already"
        case (.asItIs, .resume): return "is not paused"
        case (.asItIs(.cancelled), .cancel): return "is cancelled already"
        case (.asItIs(let state), .cancel): return "is cancelled already: \(state.unwantedWords)"
        case (.asItIs(let state), _): return "is under way already (`\(state.rawValue)`)"
        case (.refused(let words), _): return words
        case (.left, _): return "has been left for the process that runs"
        }
    }

    fileprivate var countedWords: String {
        switch (fate, decision) {
        case (.moved(let from, let to), .retry) where from == to: "wanted again"
        case (.moved, .pause), (.asItIs, .pause): "paused"
        case (.moved, .resume), (.asItIs, .resume): "not paused"
        case (.moved(_, .cancelled), .cancel), (.asItIs(.cancelled), .cancel): "cancelled"
        case (.moved, .cancel), (.asItIs, .cancel): "cancelled, and coming home"
        case (.moved(_, .submitted), _): "asked for under their old job ids first"
        case (.moved(_, .pending), _): "submitted again in their turn"
        case (.moved(_, .unknown), _): "held again"
        case (.moved(_, let to), _): "`\(to.rawValue)` now"
        case (.asItIs, _): "under way already"
        case (.refused, _): "refused"
        case (.left, _): "left"
        }
    }
}

extension JobState {
    /// What becomes of a job that is cancelled while it is at the API, or may be.
    fileprivate var unwantedWords: String {
        switch self {
        case .submitting: "it is on its way to the API; what that takes comes home, and it is not submitted again"
        case .unknown: "its answer was lost; what the API has of it comes home, and it is not submitted again"
        case .submitted: "it is at the API, comes home when it completes, and is not submitted again"
        case .ready: "it has completed, is paid for, and comes home"
        case .pending, .waiting, .done, .filtered, .failed, .cancelled: "it is `\(rawValue)`"
        }
    }
}
