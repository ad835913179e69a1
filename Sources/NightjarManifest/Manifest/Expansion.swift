import NightjarCore

/// Makes jobs of prompts.
struct Expansion {
    private let plan: BatchPlan
    private let file: String
    /// Of a prompt that gives no fields of its own.
    private let common: ImageRequest.Parameters?

    init(_ plan: BatchPlan, file: String) {
        self.plan = plan
        self.file = file
        common = plan.defaults.parameters(with: RequestFields())
    }

    /// Calls `add` for each job of one prompt.
    func take(_ item: PromptItem, _ add: (PlannedJob) throws -> Void) throws {
        let isPlain = item.fields == RequestFields()
        guard let parameters = isPlain ? common : plan.defaults.parameters(with: item.fields) else { return }
        if let seed = item.fields.seed { return try add(job(item, parameters, seed, ofBatch: false)) }
        switch plan.seeds {
        case nil: try add(job(item, parameters, plan.defaults.seed ?? .derived, ofBatch: false))
        case .count(let count):
            // `seed: server` in the defaults: so many, and the API chooses for each.
            let source = plan.defaults.seed == .server ? PlannedJob.SeedSource.server : .derived
            var job = job(item, parameters, source, ofBatch: false)
            for ordinal in 0..<count {
                job.firstOrdinal = ordinal
                try add(job)
            }
        case .list(let seeds):
            for seed in seeds { try add(job(item, parameters, .manifest(seed), ofBatch: true)) }
        case .range(let from, let count):
            for step in 0..<count {
                try add(job(item, parameters, .manifest(from + Int64(step)), ofBatch: true))
            }
        }
    }

    /// - Parameter ofBatch: The seed is one of `seeds`, and tells the jobs of one `id` apart.
    private func job(
        _ item: PromptItem, _ parameters: ImageRequest.Parameters, _ seed: PlannedJob.SeedSource, ofBatch: Bool
    ) -> PlannedJob {
        let identity: JobIdentity
        if let label = item.label {
            if ofBatch, case .manifest(let value) = seed {
                identity = JobIdentity(label: label, seed: value)
            } else {
                identity = JobIdentity(label: label)
            }
        } else {
            identity = JobIdentity(prompt: item.prompt, parameters: parameters, seed: seed)
        }
        return PlannedJob(
            label: item.label, prompt: item.prompt, parameters: parameters, seed: seed, meta: item.meta,
            identity: identity,
            place: SourcePlace(file: file, line: item.line))
    }
}
