import NightjarCore

/// The seeds that one prompt is made with, one image each.
struct SeedSlots {
    struct Slot {
        var source: PlannedJob.SeedSource
        /// Among images that differ in nothing else that the manifest says.
        var ordinal = 0
        /// The seed is one of `seeds`, and tells the jobs of one `id` apart.
        var isOfBatch = false
    }

    private let own: PlannedJob.SeedSource?
    private let seeds: SeedPlan?
    private let standard: PlannedJob.SeedSource?

    init(_ item: PromptItem, _ plan: BatchPlan) {
        own = item.fields.seed
        seeds = plan.seeds
        standard = plan.defaults.seed
    }

    var count: Int { own == nil ? seeds?.count ?? 1 : 1 }

    subscript(place: Int) -> Slot {
        if let own { return Slot(source: own) }
        switch seeds {
        case nil: return Slot(source: standard ?? .derived)
        case .count:
            // `seed: server` in the defaults: so many, and the API chooses for each.
            return Slot(source: standard == .server ? .server : .derived, ordinal: place)
        case .list(let seeds): return Slot(source: .manifest(seeds[place]), isOfBatch: true)
        case .range(let from, _): return Slot(source: .manifest(from + Int64(place)), isOfBatch: true)
        }
    }
}
