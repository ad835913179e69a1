/// What has been seen of an API's ways; kept in the state, since it decides what proves what.
package struct APIKnowledge: Equatable, Sendable, Codable {
    /// Of one model.
    package struct Model: Equatable, Sendable, Codable {
        /// Significant bits of the largest seed of ours that came back unchanged; 0: none has.
        package var echoedBits = 0
        /// A seed of ours came back as another one, or not at all.
        package var changesSeeds = false
        /// The prompt of a job of ours came back as it was sent.
        package var echoesPrompts = false
        /// The prompt of a job of ours came back as another one.
        package var changesPrompts = false
        /// A job of ours was listed under exactly the name asked for.
        package var isListedByName = false
        /// From the submission until the job was seen to be done, the longest so far.
        package var longest: Duration = .zero

        package init() {}
    }

    package var models: [String: Model] = [:]
    /// Rows of the longest list seen in one reply that did not say whether there are more.
    package var longestList = 0
    /// How long after its acceptance a job of ours was missing from a list, at worst.
    package var worstLag: Duration = .zero
    /// The API refuses the `Idempotency-Key` header: it is no longer sent.
    package var refusesIdempotencyKey = false

    package init() {}
}
