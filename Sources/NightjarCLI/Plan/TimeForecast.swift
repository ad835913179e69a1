internal import NightjarCore

/// How long so many jobs take under the limits, if the API does what it usually does.
struct TimeForecast: Equatable, Sendable {
    /// Submitting and fetching, without the time when nothing is submitted.
    let work: Duration
    /// How long the API takes for a job is not known: this is what the requests alone take.
    let isLeast: Bool

    /// A submission and the look that finds the result.
    static let requestsPerJob = 2

    /// - Parameters:
    ///   - rates: All hold.
    ///   - each: From a job's submission to its file; `nil` where that is not known.
    init(jobs: Int, rates: [Rate], concurrency: Int, each: Duration?) {
        let requests = Double(jobs * Self.requestsPerJob)
        let byRate = rates.map { requests * $0.window.duration.inSeconds / Double($0.requests) }.max() ?? 0
        let turns = (Double(jobs) / Double(max(1, concurrency))).rounded(.up)
        let byJobs = each.map { turns * $0.inSeconds } ?? 0
        work = .milliseconds(Int64(min(max(byRate, byJobs), 1e12) * 1000))
        isLeast = each == nil
    }

    /// When it would be done.
    enum End: Equatable, Sendable {
        case at(WallTime)
        /// The deadline comes first, after this share of the work.
        case late(share: Double)
    }

    /// - Parameter phase: What the schedule says of a moment.
    func end(from now: WallTime, phase: (WallTime) -> Timetable.Phase) -> End {
        var left = work
        var time = now
        // A window opens once a day.
        for _ in 0..<100_000 {
            switch phase(time) {
            case .over: return late(left)
            case .closed(let until):
                guard until > time else { return .at(time + left) }
                time = until
            case .open(let until):
                guard let until, until < time + left else { return .at(time + left) }
                left -= until - time
                time = until
            }
        }
        return .at(time + left)
    }

    private func late(_ left: Duration) -> End {
        .late(share: work > .zero ? 1 - left.inSeconds / work.inSeconds : 0)
    }
}
