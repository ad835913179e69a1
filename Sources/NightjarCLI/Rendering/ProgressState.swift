package import NightjarCore

/// What a display knows of a run: its events, folded.
package struct ProgressState: Equatable, Sendable {
    /// In the order in which they began.
    package private(set) var batches: [BatchProgress] = []
    /// The file written last, relative to the output folder.
    package private(set) var lastFile: String?
    package private(set) var lastProblem: Problem?
    package private(set) var gate: Gate?
    package private(set) var end: End?

    private var places: [String: Int] = [:]

    /// A job that failed, or whose answer was lost.
    package struct Problem: Equatable, Sendable {
        package var batch: String?
        package var job: JobReference
        package var cause: FailureCause
    }

    /// What all requests wait for.
    package struct Gate: Equatable, Sendable {
        package var reason: String
        package var until: WallTime?
    }

    package struct End: Equatable, Sendable {
        package var exit: Int32
        package var reason: String
        package var needs: [String] = []
    }

    package init() {}

    package mutating func apply(_ event: RunEvent) {
        switch event.kind {
        case .started(let progress), .progress(let progress):
            if let place = places[progress.batch] {
                batches[place] = progress
            } else {
                places[progress.batch] = batches.count
                batches.append(progress)
            }
        case .done(_, let file):
            lastFile = file.path
        case .failed(let job, let cause), .unknown(let job, let cause):
            lastProblem = Problem(batch: event.batch, job: job, cause: cause)
        case .gate(let reason, let until):
            gate = reason.map { Gate(reason: $0, until: until) }
        case .finished(let exit, let reason, let needs):
            end = End(exit: exit, reason: reason, needs: needs)
            gate = nil
        case .submitted, .ready, .filtered, .waiting:
            break
        }
    }
}

extension BatchProgress {
    /// Jobs that are asked for: what was cancelled is not.
    package var wanted: Int { total - count(.cancelled) }

    /// At the API, on the way there, or on the way back.
    package var running: Int { count(.submitting, .submitted, .ready) }

    /// Whether nothing more happens by itself.
    package var isSettled: Bool { counts.allSatisfy { $0.value == 0 || $0.key.isFinal || $0.key == .unknown } }

    /// Several batches as one line.
    package static func sum(of batches: [BatchProgress], named name: String) -> BatchProgress {
        var sum = BatchProgress(batch: name, counts: [:])
        for batch in batches {
            sum.counts.merge(batch.counts, uniquingKeysWith: +)
            if let throughput = batch.throughput { sum.throughput = (sum.throughput ?? 0) + throughput }
            sum.spent += batch.spent
        }
        // They share one pace, so the last to end is not known from each alone.
        let left = sum.count(.pending, .waiting, .submitting, .submitted, .ready)
        if left == 0 {
            sum.etaSeconds = 0
        } else if let throughput = sum.throughput, throughput > 0 {
            sum.etaSeconds = Int(min(Double(left) / throughput, 1e12).rounded(.up))
        }
        return sum
    }
}
