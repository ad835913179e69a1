package import NightjarCore

extension PlannedJob {
    /// A job as a manifest would ask for it.
    /// - Parameters:
    ///   - label: With one, the job's identity is the label; else its request.
    package static func sample(
        _ prompt: String, label: String? = nil, model: String = "model-a", seed: SeedSource = .derived,
        firstOrdinal: Int = 0, meta: String? = nil, variables: String? = nil, line: Int = 1
    ) -> PlannedJob {
        let parameters = ImageRequest.Parameters(model: model, width: 1024, height: 1024)
        let identity =
            label.map { JobIdentity(label: $0) }
            ?? JobIdentity(prompt: prompt, parameters: parameters, seed: seed)
        return PlannedJob(
            label: label, prompt: prompt, parameters: parameters, seed: seed, variables: variables, meta: meta,
            identity: identity, firstOrdinal: firstOrdinal,
            place: SourcePlace(file: "sample.yaml", line: line))
    }
}

extension JobStore {
    /// Takes a batch in whose jobs have these prompts.
    @discardableResult
    package func takeIn(
        _ settings: BatchSettings, _ jobs: [PlannedJob], digest: String? = nil, changed: ChangedJobs = .keep,
        now: WallTime = WallTime(milliseconds: 1_772_323_200_000)
    ) throws -> Intake {
        try takeIn(settings, digest: digest ?? "\(jobs)", changed: changed, now: now) { add in
            for job in jobs { try add(job) }
        }
    }

    /// All jobs, in the order of batch and index.
    package func jobs(of batch: String? = nil) async throws -> [JobSummary] {
        var jobs: [JobSummary] = []
        try await forEachJob(of: batch, in: nil) { jobs.append($0) }
        return jobs
    }
}

extension Moment {
    /// Where the boot clock and the API's go as the wall clock does.
    package static func sample(_ time: WallTime, bootID: String = "boot") -> Moment {
        Moment(boot: time.milliseconds, bootID: bootID, api: time)
    }
}

extension JobStore {
    /// Claims where nothing costs anything, and nothing is out.
    package func claim(
        _ limit: Int, of batch: BatchID, avoiding taken: Set<Fingerprint> = [], prices: [String: Money] = [:],
        now: WallTime
    ) async throws -> [ClaimedJob] {
        try await claim(limit, of: batch, avoiding: taken, room: [:], prices: prices, at: .sample(now), now: now)
    }

    @discardableResult
    package func recover(now: WallTime) async throws -> Recovery {
        try await recover(at: .sample(now), now: now)
    }
}
