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
    /// Columns that the path names.
    private let pathVariables: Set<String>
    /// For draws only: which prompts have come, and how often those that came again.
    private var seen: Set<UInt64> = []
    private var again: [UInt64: UInt64] = [:]

    init(_ plan: BatchPlan, files: [String], add: @escaping (PlannedJob) throws -> Void) {
        self.plan = plan
        self.files = files
        self.add = add
        matrix = plan.matrix ?? Matrix.none
        wildcards = plan.cachedWildcards
        pathVariables = Set((try? PathTemplate(plan.settings.pathTemplate))?.variables.map(\.name) ?? [])
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
        /// What its draws depend on; 0 where nothing is drawn.
        var identity: UInt64 = 0
    }

    private func beginPass() {
        seen = []
        again = [:]
    }

    // MARK: All

    func makeAll(of prompts: PromptRecords) throws {
        let slots = SeedSlots(nil, plan)
        beginPass()
        guard var plain = common.map(plainJob), matrix.axes.isEmpty else {
            return try prompts.forEach { try makeAll(source($0.item)) }
        }
        try prompts.forEach { record in
            switch record {
            case .plain(let prompt): try makePlain(prompt, slots, &plain)
            case .item(let item): try makeAll(source(item))
            }
        }
    }

    /// What the jobs of prompts that are nothing but their text share.
    private func plainJob(_ parameters: ImageRequest.Parameters) -> PlannedJob {
        PlannedJob(
            label: nil, prompt: "", parameters: parameters, seed: .derived,
            identity: JobIdentity(prompt: "", parameters: parameters, seed: .derived),
            place: SourcePlace(file: files[0], line: 1))
    }

    /// The common case, without what it does not need.
    /// - Parameter job: One for all, so that what they share is not copied for each.
    private func makePlain(_ prompt: PromptSpool.PlainPrompt, _ slots: SeedSlots, _ job: inout PlannedJob) throws {
        job.prompt = prompt.text
        job.place.line = prompt.line
        job.place.column = prompt.column
        for place in 0..<slots.count {
            let seed = slots[place]
            job.seed = seed.source
            job.firstOrdinal = seed.ordinal
            job.identity = JobIdentity(prompt: prompt.text, parameters: job.parameters, seed: seed.source)
            try add(job)
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

    func make(_ sample: Sample, of prompts: PromptRecords) throws {
        var draw = Sample.Draw(sample)
        var place = 0
        let combinations = matrix.count ?? .zero
        beginPass()
        try prompts.forEach { record in
            let source = try source(record.item, isDrawn: true)
            let jobs = combinations * source.variants * BigNatural(source.slots.count)
            draw.add(item: place, identity: source.identity, jobs: jobs)
            place += 1
        }
        var wanted = draw.counts()[...]
        var sampler = MatrixSampler(matrix)
        place = 0
        beginPass()
        try prompts.forEach { record in
            defer { place += 1 }
            let source = try source(record.item, isDrawn: true)
            guard let next = wanted.first, next.item == place else { return }
            wanted.removeFirst()
            if combinations * source.variants * BigNatural(source.slots.count) == BigNatural(next.jobs) {
                return try makeAll(source)
            }
            try make(next.jobs, of: source, Mixing.mixed(sample.seed, source.identity), &sampler)
        }
    }

    /// Draws different jobs of one prompt.
    private func make(_ jobs: Int, of source: Source, _ seed: UInt64, _ sampler: inout MatrixSampler) throws {
        // By their numbers among all: whatever their texts, different jobs are not taken for one.
        var drawn: Set<UInt128> = []
        var drawnOfVeryMany: Set<BigNatural> = []
        var attempt: UInt64 = 0
        while drawn.count + drawnOfVeryMany.count < jobs {
            // Not the numbers that decided how many are drawn.
            let number = Mixing.mixed(Mixing.mixed(seed, attempt), 1)
            attempt += 1
            let places = sampler.draw(number)
            let variant = Self.below(source.variants, Mixing.mixed(number, 2))
            let slot = Int(Mixing.mixed(number, 3) % UInt64(source.slots.count))
            let combination = matrix.number(of: places)
            let job = (combination * source.variants + variant) * BigNatural(source.slots.count) + BigNatural(slot)
            let isNew = job.exactUInt128.map { drawn.insert($0).inserted } ?? drawnOfVeryMany.insert(job).inserted
            guard isNew else { continue }
            try make(source, Combination(source.item, places, matrix, plan.defaults), variant, slot)
        }
    }

    /// A number below `limit`, from `number`.
    private static func below(_ limit: BigNatural, _ number: UInt64) -> BigNatural {
        if let limit = limit.exactUInt64 { return BigNatural(limit <= 1 ? 0 : number % limit) }
        // One limb more than the limit has, so that no remainder is likelier than another.
        var value = BigNatural.zero
        let shift = BigNatural(UInt64.max) + .one
        for step in 0...UInt64(limit.limbs.count) { value = value * shift + BigNatural(Mixing.mixed(number, step)) }
        return value.quotientAndRemainder(dividingBy: limit).remainder
    }

    /// What the draws of a prompt depend on: its `id`, or its request with the columns that it uses; and which of several
    /// equal ones it is.
    private func identity(of item: PromptItem, using names: Set<String>) -> UInt64 {
        var hash: UInt64
        if let label = item.label {
            hash = Mixing.mixed(1, Mixing.hash(label))
        } else {
            var fields = item.fields.filled(from: plan.defaults)
            fields.seed = item.fields.seed
            let parts = [
                item.prompt, fields.model, fields.negativePrompt, fields.width.map(String.init),
                fields.height.map(String.init), fields.steps.map(String.init),
                fields.cfgScale.map { "\($0.bitPattern)" },
                fields.sampler, fields.seed.map { "\($0)" },
            ]
            hash = parts.reduce(2) { Mixing.mixed($0, $1.map { Mixing.hash($0) } ?? 0) }
            for column in item.variables.sorted(by: { $0.name < $1.name }) where names.contains(column.name) {
                hash = Mixing.mixed(Mixing.mixed(hash, Mixing.hash(column.name)), Mixing.hash(column.value))
            }
        }
        if seen.insert(hash).inserted { return hash }
        again[hash, default: 0] += 1
        return Mixing.mixed(hash, again[hash, default: 0])
    }

    // MARK: One job

    /// - Parameter isDrawn: Its jobs are drawn from.
    private func source(_ item: PromptItem, isDrawn: Bool = false) throws -> Source {
        var source = Source(item: item, slots: SeedSlots(item, plan))
        let mode = item.variants ?? plan.variants
        guard item.isDynamic, mode != .none else {
            if isDrawn { source.identity = identity(of: item, using: pathVariables) }
            return source
        }
        // It has been checked, so this fails only where files have changed since.
        let template = try PromptTemplate(parsing: item.prompt)
        let names = Set(matrix.axes.map(\.name)).union(item.variables.map(\.name))
        let expansion = try PromptExpansion(template, wildcards: wildcards, variables: names)
        source.expansion = expansion
        source.isRandom = mode == .random
        source.variants = source.isRandom ? .one : expansion.count
        if isDrawn || source.isRandom {
            source.identity = identity(of: item, using: expansion.usedVariables.union(pathVariables))
        }
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
                ? expansion.drawn(picks(source, combination, seed), variables: value)
                : expansion.text(at: variant, variables: value)
        } else {
            text = source.item.prompt
        }
        // The variants of one `id` are told apart by their number, so that more seeds change nothing; the first is as if
        // there were no others. No axis can be called so.
        var axes = combination.axes
        if source.item.label != nil, !variant.isZero { axes.append((name: "#variant", value: variant.description)) }
        try add(
            job(source.item, text, parameters, seed, variables: combination.json, axes: axes, ordinal: seed.ordinal))
    }

    /// What the choices of an image are drawn from: its seed, or what its seed is derived from.
    private func picks(_ source: Source, _ combination: Combination, _ seed: SeedSlots.Slot) -> PickSource {
        if case .manifest(let value) = seed.source { return PickSource(seed: (UInt64(bitPattern: value), 0)) }
        let axes = combination.axes.sorted { $0.name < $1.name }
        let number = axes.reduce(source.identity) {
            Mixing.mixed(Mixing.mixed($0, Mixing.hash($1.name)), Mixing.hash($1.value))
        }
        return PickSource(seed: (number, UInt64(seed.ordinal)))
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
            place: SourcePlace(file: files[item.file], line: item.line, column: item.column))
    }
}
