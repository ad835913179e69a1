import NightjarCore
import NightjarManifest
import NightjarTestSupport

/// Writes a manifest and loads it.
func load(_ text: String, in folder: TemporaryFolder) throws -> [ManifestBatch] {
    try ManifestFile(path: folder.write(text, to: "manifest.yaml")).load()
}

extension ManifestBatch {
    /// All jobs, in the order of the manifest.
    func jobs() throws -> [PlannedJob] {
        var jobs: [PlannedJob] = []
        try expand { jobs.append($0) }
        return jobs
    }
}

/// The jobs of a manifest of one batch.
func jobs(_ text: String) throws -> [PlannedJob] {
    let folder = try TemporaryFolder()
    guard let batch = try load(text, in: folder).first else { return [] }
    let jobs = try batch.jobs()
    precondition(jobs.count == batch.jobCount)
    return jobs
}

/// What is wrong with a manifest, as codes and places.
func mistakes(_ text: String) throws -> [String] {
    let folder = try TemporaryFolder()
    do {
        _ = try ManifestFile(path: folder.write(text, to: "manifest.yaml")).load()
        return []
    } catch let error as ManifestError {
        return error.diagnostics.map { "\($0.line):\($0.column) \($0.code)" }
    }
}
