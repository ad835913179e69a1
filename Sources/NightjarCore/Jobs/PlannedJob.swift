/// One job as a manifest asks for it, before the state has given it an index.
package struct PlannedJob: Sendable, Equatable {
    /// Where a job's seed comes from.
    package enum SeedSource: Sendable, Hashable {
        /// The manifest gives it.
        case manifest(Int64)
        /// Drawn from the job's key, unique in the batch.
        case derived
        /// The API chooses (`seed: server`).
        case server
    }

    /// The manifest's `id`, unique in the batch unless `seeds` makes several jobs of one.
    package var label: String?
    package var prompt: String
    package var parameters: ImageRequest.Parameters
    package var seed: SeedSource
    /// The values of the batch's variables for this job, as a JSON object; `nil` for none.
    package var variables: String?
    /// The manifest's `meta`, as a JSON object; `nil` for none.
    package var meta: String?
    /// The identity for each ordinal among equal jobs: 0 for the first of them.
    package var identity: JobIdentity
    /// The ordinal to begin with: how many equals this same prompt has made before this one (its place in `seeds: N`).
    package var firstOrdinal: Int
    /// What asks for it: an entry of the manifest, or of a list that it names.
    package var place: SourcePlace

    package init(
        label: String?, prompt: String, parameters: ImageRequest.Parameters, seed: SeedSource,
        variables: String? = nil, meta: String? = nil, identity: JobIdentity, firstOrdinal: Int = 0,
        place: SourcePlace
    ) {
        self.label = label
        self.prompt = prompt
        self.parameters = parameters
        self.seed = seed
        self.variables = variables
        self.meta = meta
        self.identity = identity
        self.firstOrdinal = firstOrdinal
        self.place = place
    }
}
