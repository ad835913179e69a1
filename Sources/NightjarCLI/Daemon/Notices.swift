internal import Logging
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarStore
internal import Synchronization

/// What people are told of while the daemon runs, and in what words.
final class Notices: Sendable {
    private let store: SQLiteStore
    private let time: Timekeeper
    private let gates = Mutex(GateWatch())
    private let result: @Sendable (BatchID) async throws -> RunResult?
    private let advice: CommandAdvice
    private let logger: Logger

    /// - Parameters:
    ///   - advice: For commands that people are told to type.
    ///   - result: Of a batch that has ended; `nil` of another.
    init(
        store: SQLiteStore, time: Timekeeper, advice: CommandAdvice, logger: Logger,
        result: @escaping @Sendable (BatchID) async throws -> RunResult?
    ) {
        self.store = store
        self.time = time
        self.advice = advice
        self.logger = logger
        self.result = result
    }

    /// A batch has come to its end.
    func finished(_ batch: BatchSummary, reason: String, to notifier: Notifier) async {
        guard let result = try? await result(batch.id) else { return }
        let name = batch.settings.name
        let done = batch.count(.done)
        let images = done == 1 ? "1 image" : "\(done) images"
        var lines = ["\(images) of \(batch.total - batch.count(.cancelled)) in \(result.batches.first?.output ?? "")"]
        if batch.spent != .zero { lines[0] += ", for \(batch.spent)" }
        if batch.count(.failed) > 0 {
            lines.append("\(reason); `\(advice.command("retry", name))` tries them again")
        } else if !reason.isEmpty {
            lines.append(reason)
        }
        notifier.forget(batch: name)
        notifier.notify(
            Notification(
                .finished, title: "\(name): \(result.exit == .success ? "finished" : "finished with trouble")",
                text: lines.joined(separator: "\n"), time: time.wall(), exit: result.exit.rawValue,
                batches: result.batchesJSON(now: time.wall())))
    }

    /// Called each second: looks whether something has come that somebody wants to know at once.
    func notice(
        _ progress: [BatchProgress], _ waits: [String: RunSnapshot.Wait], _ standstill: RunSnapshot.Wait?,
        to notifier: Notifier
    ) async {
        for batch in progress where batch.count(.failed) > 0 {
            let (ended, failed) = (batch.count(.done, .failed, .filtered), batch.count(.failed))
            notifier.failures(batch: batch.batch, ended: ended, failed: failed) {
                Notification(
                    .failures, title: "\(batch.batch): \(failed) of \(ended) jobs failed",
                    text: "See why with `\(advice.command("jobs", batch.batch, "--only failed"))`; "
                        + "`\(advice.command("pause", batch.batch))` stops it.",
                    time: time.wall())
            }
        }
        let all = waits.values.sorted { $0.words < $1.words } + [standstill].compactMap(\.self)
        let now = time.now()
        for wait in gates.withLock({ $0.closed(all, at: now) }) {
            logger.error(
                "nothing is submitted, and a person must act",
                metadata: ["reason": "\(wait.words)", "action": "\(wait.action ?? "none: it is tried again")"])
            notifier.notify(
                Notification(
                    .gate, title: "Nothing is submitted: \(wait.words)",
                    text: wait.action.map(advice.completed) ?? "It is tried again by itself.", time: time.wall()))
        }
    }

    /// What has happened in a day, in the morning.
    func digest() async -> Notification? {
        guard let batches = try? await store.batches() else { return nil }
        let since = time.wall() + .seconds(-86_400)
        let recent = batches.filter {
            $0.updatedAt >= since || $0.count(.pending, .waiting, .submitting, .submitted, .ready, .unknown) > 0
        }
        guard !recent.isEmpty else { return nil }
        let (done, failed) = (recent.reduce(0) { $0 + $1.count(.done) }, recent.reduce(0) { $0 + $1.count(.failed) })
        let left = recent.reduce(0) { $0 + $1.count(.pending, .waiting, .submitting, .submitted, .ready) }
        let spent = recent.reduce(Money.zero) { $0 + $1.spent }
        var title = "\(recent.count == 1 ? "1 batch" : "\(recent.count) batches"): \(done) images"
        if failed > 0 { title += ", \(failed) failed" }
        if left > 0 { title += ", \(left) to come" }
        let lines = recent.prefix(Self.mostNamed).map { batch in
            let name = batch.settings.name
            var line = "\(name): \(batch.count(.done)) of \(batch.total - batch.count(.cancelled))"
            if batch.count(.failed) > 0 { line += ", \(batch.count(.failed)) failed" }
            if batch.count(.unknown) > 0 { line += ", \(batch.count(.unknown)) held" }
            return line
        }
        let more = recent.count > Self.mostNamed ? ["and \(recent.count - Self.mostNamed) more"] : []
        let cost = spent == .zero ? [] : ["spent so far: \(spent)"]
        return Notification(
            .digest, title: title, text: (lines + more + cost).joined(separator: "\n"), time: time.wall(),
            batches: recent.prefix(Self.mostSent).map { $0.json(now: time.wall()) })
    }

    private static let mostNamed = 10
    private static let mostSent = 1000
}

/// Tells when everything begins to wait for something that a person may have to mend. Pure.
struct GateWatch {
    private struct Trouble {
        var since: Duration
        /// When it was last seen.
        var last: Duration
        var isTold = false
    }

    /// By what is the matter: another refusal is another trouble.
    private var troubles: [String: Trouble] = [:]

    /// An API that stumbles for a minute is not worth waking anyone.
    private static let patience: [RunSnapshot.Wait.Reason: Duration] = [
        .account: .zero, .disk: .zero, .api: .seconds(300),
    ]
    /// What comes back within this time is still the same trouble; between two probes it may not be seen.
    private static let memory: Duration = .seconds(60)

    /// - Returns: Of each trouble that is new, how it is told; nothing while it lasts.
    mutating func closed(_ waits: [RunSnapshot.Wait], at now: Duration) -> [RunSnapshot.Wait] {
        troubles = troubles.filter { now - $0.value.last < Self.memory }
        var told: [RunSnapshot.Wait] = []
        for wait in waits {
            guard let patience = Self.patience[wait.reason] else { continue }
            // The words of an API that fails change with each failure.
            let name = wait.reason == .account ? "\(wait.reason.rawValue) \(wait.words)" : wait.reason.rawValue
            var trouble = troubles[name] ?? Trouble(since: now, last: now)
            trouble.last = now
            if !trouble.isTold, now - trouble.since >= patience {
                trouble.isTold = true
                told.append(wait)
            }
            troubles[name] = trouble
        }
        return told
    }
}
