/// The keys of a manifest, version 1, and the bounds of their values.
enum Schema {
    static let version: Int64 = 1

    static let top = [
        "version", "name", "defaults", "prompts", "seeds", "output", "limits", "retry", "schedule",
        "variants",
    ]
    /// Keys of the language that this version does not carry out.
    static let unsupportedTop = [
        "matrix", "exclude", "prompts_from", "sample", "wildcards",
    ]

    /// What a job asks of the API, but for the prompt and the seed.
    static let parameters = ["model", "negative_prompt", "width", "height", "steps", "cfg_scale", "sampler"]
    static let defaults = parameters + ["seed"]
    static let prompt = ["prompt", "id"] + defaults + ["meta", "variants"]
    static let output = ["path", "sidecar"]
    static let limits = ["concurrency", "rate", "max_jobs", "budget"]
    static let retry = ["attempts", "job_timeout"]
    static let schedule = ["window", "timezone", "not_before", "deadline", "priority"]
    static let seedRange = ["from", "count"]

    /// Pixels.
    static let size = 1...65_536
    static let steps = 1...10_000
    static let attempts = 1...1000
    static let concurrency = 1...1_000_000
    static let maxJobs = 0...1_000_000_000
    static let seed: ClosedRange<Int64> = 0...Int64.max
    /// Above this, many servers lose digits: they read JSON numbers as doubles.
    static let exactSeed: Int64 = 1 << 53
    /// Jobs of one batch.
    static let mostJobs = 100_000_000
    /// Documents of one file.
    static let mostDocuments = 1000
    /// Characters.
    static let longestName = 100
    static let longestID = 200
}
