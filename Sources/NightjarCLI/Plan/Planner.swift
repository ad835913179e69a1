internal import FoundationEssentials
internal import JobsAPI
internal import NightjarCore
internal import NightjarFiles
internal import NightjarManifest
internal import NightjarRunner
internal import NightjarStore

/// Finds out what a run would do, without a key, without the network, and without writing anything.
struct Planner {
    let configuration: RunConfiguration
    let batches: [Composition.LoadedBatch]
    /// Opened for reading; `nil` where there is no state yet.
    let store: SQLiteStore?
    let now: WallTime

    /// - Parameter eachJob: Told every job, with where its image is or would go; `nil` where only the sums matter.
    /// - Throws: `Refusal` where a run would be refused.
    func plan(
        eachJob: ((_ batch: String, _ job: PreviewedJob, _ path: String) throws -> Void)? = nil
    ) async throws -> Plan {
        try await checkState()
        let models = knownModels()
        var forecasts: [BatchForecast] = []
        for loaded in batches {
            let forecast = try Composition.refusingConflicts(of: loaded) {
                try self.forecast(loaded, models: models, eachJob: eachJob)
            }
            forecasts.append(forecast)
        }
        try await checkPrices(forecasts)
        return Plan(
            configuration: configuration, batches: forecasts,
            experience: Experience(try await store?.finishedImages(limit: Self.images) ?? []),
            freeBytes: try? OutputFolder(path: configuration.output, maxImageBytes: 1).freeBytes(), now: now)
    }

    /// Images of the state that guesses are made from.
    private static let images = 2000

    // MARK: What a run would refuse

    private func checkState() async throws {
        try Composition.refuseUnwritable(configuration.output, "the output folder")
        let state = configuration.state
        try Composition.refuseUnwritable(
            state.lastIndex(of: "/").map { String(state[..<state.index(after: $0)]) } ?? ".",
            "the folder of the state")
        if let store { try await Composition.refuseBatchesOfInboxes(batches, store) }
        let known = try await store?.batchNames() ?? []
        try Composition.refuseImagesOfAnotherState(
            batches.map(\.batch.settings.name), known: known, configuration, costs: true)
        if let store { try await Composition.checkBinding(of: store, to: configuration.baseURL, configuration) }
    }

    private func checkPrices(_ forecasts: [BatchForecast]) async throws {
        let isLimited = configuration.run.budget != nil || configuration.run.daily?.budget != nil
        guard isLimited || forecasts.contains(where: { $0.settings.limits.budget != nil }) else { return }
        var models = Set(forecasts.flatMap { $0.jobsByModel.keys })
        if let store {
            let names = Set(forecasts.map(\.settings.name))
            let known = try await store.batches().filter { names.contains($0.settings.name) }
            if configuration.retryFailed { models.formUnion(try await store.failedModels(known.map(\.id))) }
            // What is at the API or held may have to be submitted again.
            models.formUnion(
                try await store.modelsToSubmit(known.filter { $0.count(.submitted, .unknown) > 0 }.map(\.id)))
        }
        try Composition.refuseUnpriced(models.sorted(), configuration.run.prices)
    }

    // MARK: One batch

    private func forecast(
        _ loaded: Composition.LoadedBatch, models: Set<String>?,
        eachJob: ((String, PreviewedJob, String) throws -> Void)?
    ) throws -> BatchForecast {
        let batch = loaded.batch
        var warnings = PlanWarnings(models: models)
        var isExpanded = false
        let preview = try IntakePreview.make(
            batch.settings, digest: batch.digest, changed: configuration.changed,
            retriesFailed: configuration.retryFailed, known: store, now: now
        ) { add in
            isExpanded = true
            try batch.expand { job in
                warnings.look(at: job)
                try add(job)
            }
        }
        // The state knows this very manifest, and did not ask for its jobs.
        if !isExpanded { try batch.expand { warnings.look(at: $0) } }
        var forecast = BatchForecast(settings: batch.settings, file: loaded.path)
        forecast.keptChanges = preview.intake.changed
        forecast.redone = preview.intake.redone
        forecast.restored = preview.intake.restored
        forecast.retried = preview.retried
        forecast.warnings = warnings.all
        for group in try preview.toSubmit() { forecast.toSubmit[group.parameters, default: 0] += group.jobs }
        let (name, template) = (batch.settings.name, try PathTemplate(batch.settings.pathTemplate))
        try preview.forEachJob { job in
            func path() -> String { job.path ?? Self.path(of: job, in: name, template) }
            forecast.count(job, path: path())
            try eachJob?(name, job, path())
        }
        return forecast
    }

    /// Where the image would go, if it is a PNG and nothing is there yet.
    private static func path(of job: PreviewedJob, in batch: String, _ template: PathTemplate) -> String {
        template.path(
            for: PathTemplate.Values(
                batch: batch, index: job.index, prompt: job.request.prompt, seed: job.request.seed, label: job.label,
                key: job.key, model: job.request.parameters.model, variables: job.variables),
            ext: "png")
    }

    /// The list that `models` has left in the output folder; `nil` where there is none that can be read.
    private func knownModels() -> Set<String>? {
        let path = configuration.output + "/.nightjar/models.json"
        guard let data = FileManager.default.contents(atPath: path),
            let reply = try? JSONDecoder().decode(ModelsReply.self, from: data), !reply.data.isEmpty
        else { return nil }
        return Set(reply.data.map(\.id))
    }
}
