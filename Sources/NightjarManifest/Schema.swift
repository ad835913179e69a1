/// The keys of a manifest, version 1, and the bounds of their values.
package enum Schema {
    static let version: Int64 = 1

    package static let top = [
        "version", "name", "defaults", "prompts", "prompts_from", "matrix", "exclude", "seeds", "sample", "variants",
        "wildcards", "output", "limits", "schedule", "retry",
    ]

    /// What a job asks of the API, but for the prompt and the seed. An axis or a column of one of these names sets it.
    package static let parameters = ["model", "negative_prompt", "width", "height", "steps", "cfg_scale", "sampler"]
    package static let defaults = parameters + ["seed"]
    package static let prompt = ["prompt", "id"] + defaults + ["meta", "variants"]
    package static let output = ["path", "sidecar"]
    package static let limits = ["concurrency", "rate", "max_jobs", "budget"]
    package static let retry = ["attempts", "job_timeout"]
    package static let schedule = ["window", "timezone", "not_before", "deadline", "priority"]
    package static let seedRange = ["from", "count"]
    package static let list = ["file", "column"]
    package static let sample = ["count", "seed"]
    /// What a path or a prompt says by these names is no variable of the manifest's own.
    package static let reservedAxes = [
        "batch", "index", "slug", "seed", "ext", "id", "key", "prompt", "meta", "variants",
    ]

    /// Pixels.
    static let size = 1...65_536
    static let steps = 1...10_000
    static let attempts = 1...1000
    static let concurrency = 1...1_000_000
    static let maxJobs = 0...1_000_000_000
    static let seed: ClosedRange<Int64> = 0...Int64.max
    /// Above this, many servers lose digits: they read JSON numbers as doubles.
    static let exactSeed: Int64 = 1 << 53
    /// Jobs of one batch, after `sample`.
    static let mostJobs = 100_000_000
    /// Documents of one file.
    static let mostDocuments = 1000
    static let mostAxes = 32
    /// Values of all axes of a batch.
    static let mostAxisValues = 1_000_000
    static let mostExclusions = 1000
    /// Lists in `prompts_from`.
    static let mostLists = 1000
    /// Of a row.
    static let mostColumns = 1000
    /// Bytes of a line, or of a value in quotes, of a list.
    static let longestLine = 1 << 20
    /// Characters.
    static let longestName = 100
    static let longestID = 200
}
