import NightjarCore
import PromptLanguage
import YAMLStream

/// Makes jobs of prompts: each prompt with each combination of the matrix, each of its variants, and each seed.
final class Expansion {
    private let plan: BatchPlan
    private let matrix: Matrix
    private let wildcards: CachedWildcards
    /// Of a prompt that gives no fields of its own, where no axis sets any.
    private let common: ImageRequest.Parameters?
    /// By number: the manifest, then the lists.
    private let files: [String]
    private let add: (PlannedJob) throws -> Void
    /// Prompts are told apart by more than their text where the same one comes again, for draws only.
    private var seen: [UInt64: UInt64] = [:]

    init(_ plan: BatchPlan, files: [String], add: @escaping (PlannedJob) throws -> Void) {
        self.plan = plan
        self.files = files
        self.add = add
        matrix = plan.matrix ?? Matrix.none
        wildcards = CachedWildcards(plan.wildcards)
        common = plan.defaults.parameters
    }

    /// One prompt, made ready: everything but which of its jobs are wanted.
    private struct Source {
        var item: PromptItem
        /// `nil` for text that is taken as it stands.
        var expansion: PromptExpansion?
        /// One variant is drawn for each image.
        var isRandom = false
        /// 1 for a text, and for one that is drawn.
        var variants: BigNatural = .one
        /// The seeds that it is made with.
        var slots: SeedSlots
    }

    // MARK: All

    func makeAll(of prompts: PromptSpool) throws {
        let slots = SeedSlots(nil, plan)
        try prompts.forEach { record in
            if case .plain(let prompt) = record, matrix.axes.isEmpty {
                try makePlain(prompt, slots)
            } else {
                try makeAll(source(record.item))
            }
        }
    }

    /// The common case, without what it does not need.
    private func makePlain(_ prompt: PromptSpool.PlainPrompt, _ slots: SeedSlots) throws {
        guard let common else { return }
        for place in 0..<slots.count {
            let seed = slots[place]
            try add(
                PlannedJob(
                    label: nil, prompt: prompt.text, parameters: common, seed: seed.source,
                    identity: JobIdentity(prompt: prompt.text, parameters: common, seed: seed.source),
                    firstOrdinal: seed.ordinal, place: SourcePlace(file: files[0], line: prompt.line)))
        }
    }

    private func makeAll(_ source: Source) throws {
        try matrix.forEach { places in
            let combination = Combination(source.item, places, matrix, plan.defaults)
            var variant = BigNatural.zero
            while variant < source.variants {
                for slot in 0..<source.slots.count { try make(source, combination, variant, slot) }
                variant += .one
            }
        }
    }

    // MARK: A sample

    func make(_ sample: Sample, of prompts: PromptSpool) throws {
        var draw = Sample.Draw(sample)
        var place = 0
        seen = [:]
        let combinations = matrix.count ?? .zero
        try prompts.forEach { record in
            let item = record.item
            let source = try source(item)
            let jobs = combinations * source.variants * BigNatural(source.slots.count)
            draw.add(item: place, identity: identity(of: item), jobs: jobs)
            place += 1
        }
        var wanted = draw.counts()[...]
        var sampler = MatrixSampler(matrix)
        place = 0
        seen = [:]
        try prompts.forEach { record in
            let item = record.item
            defer { place += 1 }
            let identity = identity(of: item)
            guard let next = wanted.first, next.item == place else { return }
            wanted.removeFirst()
            let source = try source(item)
            if combinations * source.variants * BigNatural(source.slots.count) == BigNatural(next.jobs) {
                return try makeAll(source)
            }
            try make(next.jobs, of: source, Mixing.mix(Mixing.mix(sample.seed), identity), &sampler)
        }
    }

    /// Draws different jobs of one prompt.
    private func make(_ jobs: Int, of source: Source, _ seed: UInt64, _ sampler: inout MatrixSampler) throws {
        var drawn: Set<UInt64> = []
        var attempt: UInt64 = 0
        while drawn.count < jobs {
            let number = Mixing.mix(seed, Mixing.mix(attempt, 1))
            attempt += 1
            let (places, hash) = sampler.draw(number)
            let variant = Self.below(source.variants, Mixing.mix(number, 2))
            let slot = Int(Mixing.mix(number, 3) % UInt64(source.slots.count))
            var mark = Mixing.mix(hash, UInt64(slot))
            for limb in variant.limbs { mark = Mixing.mix(mark, limb) }
            guard drawn.insert(mark).inserted else { continue }
            try make(source, Combination(source.item, places, matrix, plan.defaults), variant, slot)
        }
    }

    /// A number below `limit`, from `number`.
    private static func below(_ limit: BigNatural, _ number: UInt64) -> BigNatural {
        if let limit = limit.exactUInt64 { return BigNatural(limit <= 1 ? 0 : number % limit) }
        // One limb more than the limit has, so that no remainder is likelier than another.
        var value = BigNatural.zero
        let shift = BigNatural(UInt64.max) + .one
        for step in 0...UInt64(limit.limbs.count) { value = value * shift + BigNatural(Mixing.mix(number, step)) }
        return value.quotientAndRemainder(dividingBy: limit).remainder
    }

    /// What the draws of a prompt depend on.
    private func identity(of item: PromptItem) -> UInt64 {
        let hash: UInt64
        if let label = item.label {
            hash = Mixing.hash(label, seed: 1)
        } else {
            var fields = item.fields.filled(from: plan.defaults)
            fields.seed = item.fields.seed
            let parts = [
                item.prompt, fields.model, fields.negativePrompt, fields.width.map(String.init),
                fields.height.map(String.init), fields.steps.map(String.init),
                fields.cfgScale.map { "\($0.bitPattern)" },
                fields.sampler, fields.seed.map { "\($0)" },
            ]
            hash = parts.reduce(2) { Mixing.mix($0, $1.map { Mixing.hash($0) } ?? 0) }
        }
        let number = seen[hash, default: 0]
        seen[hash] = number + 1
        return number == 0 ? hash : Mixing.mix(hash, number)
    }

    // MARK: One job

    private func source(_ item: PromptItem) throws -> Source {
        var source = Source(item: item, slots: SeedSlots(item, plan))
        let mode = item.variants ?? plan.variants
        guard item.isDynamic, mode != .none else { return source }
        // It has been checked, so this fails only where files have changed since.
        let template = try PromptTemplate(parsing: item.prompt)
        let names = Set(matrix.axes.map(\.name)).union(item.variables.map(\.name))
        let expansion = try PromptExpansion(template, wildcards: wildcards, variables: names)
        source.expansion = expansion
        source.isRandom = mode == .random
        source.variants = source.isRandom ? .one : expansion.count
        return source
    }

    private func make(_ source: Source, _ combination: Combination, _ variant: BigNatural, _ slot: Int) throws {
        guard let parameters = combination.parameters else { return }
        let seed = source.slots[slot]
        let text: String
        if let expansion = source.expansion {
            let value = { (name: String) in combination.value(of: name) }
            text =
                source.isRandom
                ? expansion.drawn(picks(source.item, combination, seed), variables: value)
                : expansion.text(at: variant, variables: value)
        } else {
            text = source.item.prompt
        }
        // The jobs of one `id` are numbered through; equal requests without one differ in their seeds' number alone.
        var ordinal = seed.ordinal
        if source.item.label != nil {
            ordinal = Self.ordinal(variant, seeds: seed.isOfBatch ? 1 : source.slots.count, seed.ordinal)
        }
        try add(
            job(
                source.item, text, parameters, seed, variables: combination.json, axes: combination.axes,
                ordinal: ordinal))
    }

    private static func ordinal(_ variant: BigNatural, seeds: Int, _ seed: Int) -> Int {
        let number = variant * BigNatural(seeds) + BigNatural(seed)
        // Beyond what a number holds, its lower part serves: the store sees to it that none comes twice.
        return number.exactInt ?? Int(number.limbs[0] >> 2)
    }

    /// What the choices of an image are drawn from: its seed, or what its seed is derived from.
    private func picks(_ item: PromptItem, _ combination: Combination, _ seed: SeedSlots.Slot) -> PickSource {
        if case .manifest(let value) = seed.source { return PickSource(seed: (UInt64(bitPattern: value), 0)) }
        let key = JobIdentity(label: item.label ?? item.prompt, axes: combination.axes).key(ordinal: seed.ordinal)
        return PickSource(seed: (key.high, key.low))
    }

    private func job(
        _ item: PromptItem, _ text: String, _ parameters: ImageRequest.Parameters, _ seed: SeedSlots.Slot,
        variables: String?, axes: [(name: String, value: String)], ordinal: Int
    ) -> PlannedJob {
        let identity: JobIdentity
        if let label = item.label {
            var ofBatch: Int64?
            if seed.isOfBatch, case .manifest(let value) = seed.source { ofBatch = value }
            identity = JobIdentity(label: label, axes: axes, seed: ofBatch)
        } else {
            identity = JobIdentity(prompt: text, parameters: parameters, seed: seed.source)
        }
        return PlannedJob(
            label: item.label, prompt: text, parameters: parameters, seed: seed.source, variables: variables,
            meta: item.meta, identity: identity, firstOrdinal: ordinal,
            place: SourcePlace(file: files[item.file], line: item.line, column: item.file == 0 ? 1 : item.mark.column))
    }
}
