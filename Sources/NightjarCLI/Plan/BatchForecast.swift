internal import NightjarCore

/// What taking one batch in, and running it, would come to.
struct BatchForecast: Equatable, Sendable {
    /// A request as it would be sent, and where its image would go.
    struct Request: Equatable, Sendable {
        let index: Int
        let request: ImageRequest
        let path: String
    }

    let settings: BatchSettings
    /// As the user named it.
    let file: String
    var counts: [PreviewedJob.Change: Int] = [:]
    /// Of the jobs that the manifest names.
    var states: [JobState: Int] = [:]
    /// Changed under the same `id` and paid for: kept as they are.
    var keptChanges = 0
    /// The same, made anew.
    var redone = 0
    /// Changed back to what they were made as once.
    var restored = 0
    /// Failed, and taken up again.
    var retried = 0
    var toSubmit: [ImageRequest.Parameters: Int] = [:]
    /// The first ones to be submitted.
    var first: [Request] = []
    var warnings: [PlanWarnings.Warning] = []

    /// Requests that are shown.
    static let mostRequests = 3

    init(settings: BatchSettings, file: String) {
        self.settings = settings
        self.file = file
    }

    /// Jobs that the manifest names.
    var total: Int { counts.reduce(0) { $0 + ($1.key == .removed ? 0 : $1.value) } }

    var jobsByModel: [String: Int] {
        toSubmit.reduce(into: [:]) { $0[$1.key.model, default: 0] += $1.value }
    }

    var jobsToSubmit: Int { toSubmit.values.reduce(0, +) }

    /// Takes note of one job; which requests there are to submit is noted apart.
    mutating func count(_ job: PreviewedJob, path: @autoclosure () -> String) {
        counts[job.change, default: 0] += 1
        guard job.change != .removed else { return }
        states[job.state, default: 0] += 1
        if first.count < Self.mostRequests, job.state == .pending || job.state == .waiting {
            first.append(Request(index: job.index, request: job.request, path: path()))
        }
    }

    /// What the batch's own words say that no job does.
    var settingWarnings: [String] {
        let template = settings.pathTemplate
        guard !template.hasPrefix("${batch}/"), !template.hasPrefix(settings.name + "/") else { return [] }
        return [
            "the path does not begin with `${batch}/`, so `\(settings.name)/metadata.jsonl` names files outside its folder, "
                + "which Hugging Face `datasets` refuses"
        ]
    }
}
