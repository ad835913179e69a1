internal import NightjarCore
internal import NightjarRunner

/// What a run would do, batch by batch.
struct Plan: Sendable {
    let configuration: RunConfiguration
    let batches: [BatchForecast]
    let experience: Experience
    /// Where the output folder lies, or will; `nil` where the file system does not say.
    let freeBytes: Int64?
    let now: WallTime
    /// Within all limits, for one run.
    let estimate: SubmissionEstimate
    /// All that waits, whatever the limits.
    let whole: SubmissionEstimate

    init(
        configuration: RunConfiguration, batches: [BatchForecast], experience: Experience, freeBytes: Int64?,
        now: WallTime
    ) {
        self.configuration = configuration
        self.batches = batches
        self.experience = experience
        self.freeBytes = freeBytes == .max ? nil : freeBytes
        self.now = now
        let run = configuration.run
        estimate = SubmissionEstimate(
            batches.map { .init(name: $0.settings.name, limits: $0.settings.limits, jobs: $0.jobsByModel) },
            maxJobs: run.maxJobs, budget: run.budget, prices: run.prices)
        whole = SubmissionEstimate(
            batches.map { .init(name: $0.settings.name, limits: .init(), jobs: $0.jobsByModel) },
            maxJobs: nil, budget: nil, prices: run.prices)
    }

    /// What the images of all batches would take, in bytes, if so many of the jobs were made.
    func bytes(of batches: [BatchForecast], jobs: Int) -> Int64 {
        var bytes = 0.0
        var count = 0
        for (parameters, jobs) in batches.flatMap(\.toSubmit) {
            bytes += experience.bytes(of: parameters) * Double(jobs)
            count += jobs
        }
        return count > 0 ? Int64(min(bytes * Double(jobs) / Double(count), 1e18)) : 0
    }

    /// How long `jobs` of these batches take.
    func time(of batches: [BatchForecast], jobs: Int) -> TimeForecast {
        let run = configuration.run
        let models = batches.map(\.jobsByModel).reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
        let limits = batches.count == 1 ? batches[0].settings.limits : BatchSettings.Limits()
        return TimeForecast(
            jobs: jobs, rates: [run.rate] + [limits.rate].compactMap(\.self),
            concurrency: min(run.concurrency, limits.concurrency ?? .max), each: experience.duration(of: models))
    }
}
