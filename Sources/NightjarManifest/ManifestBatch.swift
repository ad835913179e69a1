package import NightjarCore

/// One batch of a manifest that has been checked. Its prompts are spooled, and its jobs are streamed from there.
package struct ManifestBatch: Sendable {
    /// As messages name the manifest, and the lists of the batch.
    private let files: [String]
    private let plan: BatchPlan
    private let prompts: PromptRecords

    package var settings: BatchSettings { plan.settings }
    /// Hexadecimal SHA-256 of everything that the expansion depends on, and of its version.
    package let digest: String
    /// 1…100,000,000.
    package let jobCount: Int
    /// `sample` draws this many of more.
    private let isSampled: Bool
    /// Of the whole file; with its first batch only.
    package let warnings: [Diagnostic]

    init(
        files: [String], plan: BatchPlan, prompts: PromptRecords, jobCount: Int, isSampled: Bool, digest: String,
        warnings: [Diagnostic]
    ) {
        self.files = files
        self.plan = plan
        self.prompts = prompts
        self.jobCount = jobCount
        self.isSampled = isSampled
        self.digest = digest
        self.warnings = warnings
    }

    /// Calls `add` once for each job, in the order of the manifest.
    /// - Throws: What `add` throws; `ManifestError` when a temporary file can no longer be read.
    package func expand(_ add: (PlannedJob) throws -> Void) throws {
        do {
            try withoutActuallyEscaping(add) { add in
                let expansion = Expansion(plan, files: files, add: add)
                if isSampled, let sample = plan.sample {
                    try expansion.make(sample, of: prompts)
                } else {
                    try expansion.makeAll(of: prompts)
                }
            }
        } catch let failure as Spool.Failure {
            throw ManifestError.unwritable(files[0], "\(failure)")
        }
    }
}
