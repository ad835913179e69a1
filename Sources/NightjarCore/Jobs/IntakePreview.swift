/// What becomes of jobs of a batch whose `id` stays and whose request changes, where the old one has been paid for.
package enum ChangedJobs: String, Equatable, Sendable, CaseIterable {
    /// The job stays as it was made; the change is reported.
    case keep
    /// It is made anew, beside the old file.
    case redo
}

/// One job as taking a manifest in would leave it.
package struct PreviewedJob: Equatable, Sendable {
    /// What the manifest is to it.
    package enum Change: String, Equatable, Sendable, CaseIterable {
        /// The state does not know it yet.
        case new
        /// Known, the same, and not done yet.
        case kept
        /// Known, the same, and delivered: `done`, or `filtered`.
        case done
        /// Known under the same `id` with another request.
        case changed
        /// Named until now.
        case removed
    }

    package var index: Int
    package var key: JobKey
    package var label: String?
    package var request: ImageRequest
    /// JSON objects.
    package var variables: String?
    package var meta: String?
    package var change: Change
    /// As the intake leaves it; what is new is `pending`.
    package var state: JobState
    /// Below the output folder; `nil` before the file is there.
    package var path: String?

    package init(
        index: Int, key: JobKey, label: String?, request: ImageRequest, variables: String?, meta: String?,
        change: Change, state: JobState, path: String?
    ) {
        self.index = index
        self.key = key
        self.label = label
        self.request = request
        self.variables = variables
        self.meta = meta
        self.change = change
        self.state = state
        self.path = path
    }
}
