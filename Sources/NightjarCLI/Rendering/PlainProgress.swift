package import NightjarCore

/// Progress for a pipe, a log or a mail: few lines, each with its time.
///
/// The first line of progress comes after 10 s, the next ones 30 s apart; once a run is five minutes old, after a tenth
/// of its age, at most five minutes. A minute makes a handful of lines, a night about 120 for each batch, and from four
/// batches on they share one line.
package struct PlainProgress: Sendable {
    private var state = ProgressState()
    private var began: WallTime?
    private var lastTick: WallTime?
    /// What was said of each batch, to say only what is new.
    private var said: [String: [JobState: Int]] = [:]
    private var settled: Set<String> = []
    /// Problems since the last line of progress; those beyond `mostProblems` are only counted.
    private var problems = 0

    private static let mostProblems = 20
    private static let separateLines = 3

    private static let gateInterval: Duration = .seconds(30)
    private var lastGate: WallTime?
    /// Whether the last line about the gate said that it is closed.
    private var saysWaiting = false

    package init() {}

    package var batches: [BatchProgress] { state.batches }

    /// The lines that an event is worth.
    package mutating func lines(for event: RunEvent) -> [String] {
        if began == nil { began = event.time }
        let gateBefore = state.gate
        state.apply(event)
        switch event.kind {
        case .started(let progress):
            said[progress.batch] = progress.counts
            if progress.isSettled { settled.insert(progress.batch) }
            let done = progress.count(.done) > 0 ? ", \(progress.count(.done)) of them done before" : ""
            return [line(event.time, "\(progress.batch): \(jobs(progress.wanted))\(done)")]
        case .progress(let progress):
            // The end of the only batch is the summary's.
            guard state.batches.count > 1, progress.isSettled, settled.insert(progress.batch).inserted else {
                return []
            }
            said[progress.batch] = progress.counts
            return [line(event.time, describe(progress))]
        case .failed(let job, let cause):
            return problem(event, "failed", job, cause)
        case .unknown(let job, let cause):
            return problem(event, "unknown", job, cause)
        case .gate(let reason, let until):
            guard state.gate?.reason != gateBefore?.reason else { return [] }
            guard let reason else {
                defer { saysWaiting = false }
                return saysWaiting ? [line(event.time, "no longer waiting")] : []
            }
            // Short pauses come and go all night: one line in half a minute tells enough of them.
            let isShort = until.map { $0 - event.time < Self.gateInterval } ?? false
            if isShort, let lastGate, event.time - lastGate < Self.gateInterval { return [] }
            lastGate = event.time
            saysWaiting = true
            let left = until.map { $0 - event.time >= .seconds(1) ? ", \(($0 - event.time).spoken)" : "" } ?? ""
            return [line(event.time, "waiting: \(Cells.cut(Cells.plain(reason), to: 200))\(left)")]
        case .submitted, .ready, .done, .filtered, .waiting, .finished:
            return []
        }
    }

    /// The lines that the time is worth; called about once a second.
    package mutating func tick(now: WallTime) -> [String] {
        guard let began, state.end == nil, now >= (lastTick ?? began) + interval(at: now) else { return [] }
        lastTick = now
        var lines: [String] = []
        let active = state.batches.filter { !$0.isSettled }
        if active.count > Self.separateLines {
            lines.append(line(now, describe(.sum(of: state.batches, named: "all \(state.batches.count) batches"))))
        } else {
            for batch in active where said[batch.batch] != batch.counts {
                lines.append(line(now, describe(batch)))
                said[batch.batch] = batch.counts
            }
        }
        if problems > Self.mostProblems {
            lines.append(line(now, "\(problems - Self.mostProblems) more failed or unknown; see `nightjar jobs`"))
        }
        problems = 0
        return lines
    }

    /// How long after the last line of progress the next one is due.
    private func interval(at now: WallTime) -> Duration {
        guard let began, let lastTick else { return .seconds(10) }
        return min(max((lastTick - began) / 10, .seconds(30)), .seconds(300))
    }

    private mutating func problem(
        _ event: RunEvent, _ word: String, _ job: JobReference, _ cause: FailureCause
    ) -> [String] {
        problems += 1
        guard problems <= Self.mostProblems else { return [] }
        let batch = event.batch.map { "\($0): " } ?? ""
        let message = Cells.cut(Cells.plain(cause.message), to: 200)
        let key = job.key.description.prefix(8)
        return [line(event.time, "\(batch)job \(job.index) (\(key)) \(word): \(cause.kind.rawValue): \(message)")]
    }

    private func describe(_ batch: BatchProgress) -> String {
        var parts = ["\(batch.batch): \(batch.count(.done)) of \(batch.wanted) done"]
        if let percent = ProgressBar.percent(part: batch.count(.done), of: batch.wanted) { parts[0] += " (\(percent))" }
        if batch.running > 0 { parts.append("\(batch.running) running") }
        if batch.count(.failed) > 0 { parts.append("\(batch.count(.failed)) failed") }
        if batch.count(.filtered) > 0 { parts.append("\(batch.count(.filtered)) blank") }
        if batch.count(.unknown) > 0 { parts.append("\(batch.count(.unknown)) unknown") }
        if !batch.isSettled {
            if let rate = batch.throughput { parts.append(spoken(imagesPerSecond: rate)) }
            if let eta = batch.etaSeconds { parts.append("about \(Duration.seconds(eta).spoken) left") }
        }
        return parts.joined(separator: ", ")
    }

    private func line(_ time: WallTime, _ text: String) -> String {
        "\(WallTime(milliseconds: time.milliseconds).rfc3339.prefix(19))Z \(text)"
    }

    private func jobs(_ count: Int) -> String { count == 1 ? "1 job" : "\(count) jobs" }
}
