import NightjarCore

/// The request fields that `defaults` or a prompt gives; what is `nil` is left to the other, or to the API.
struct RequestFields: Sendable, Equatable {
    var model: String?
    var negativePrompt: String?
    var width: Int?
    var height: Int?
    var steps: Int?
    var cfgScale: Double?
    var sampler: String?
    /// `.manifest` or `.server`; `nil` where no seed is given.
    var seed: PlannedJob.SeedSource?

    init() {}

    init(_ reader: MappingReader) {
        model = reader.text("model")?.value
        if let node = reader.value("model"), let model, model.trimmed().isEmpty {
            reader.sink.report("type", "`model` must not be empty", at: node)
        }
        negativePrompt = reader.text("negative_prompt")?.value
        width = reader.integer("width", in: Schema.size)
        height = reader.integer("height", in: Schema.size)
        steps = reader.integer("steps", in: Schema.steps)
        cfgScale = reader.number("cfg_scale", atLeast: 0)
        sampler = reader.text("sampler")?.value
        seed = reader.value("seed").flatMap { Self.seed(of: $0, sink: reader.sink) }
    }

    /// The parameters of a job whose prompt gives `own`, where these are the defaults.
    /// - Returns: `nil` without a model.
    func parameters(with own: RequestFields) -> ImageRequest.Parameters? {
        guard let model = own.model ?? model else { return nil }
        return ImageRequest.Parameters(
            model: model, negativePrompt: own.negativePrompt ?? negativePrompt, width: own.width ?? width,
            height: own.height ?? height, steps: own.steps ?? steps, cfgScale: own.cfgScale ?? cfgScale,
            sampler: own.sampler ?? sampler)
    }

    private static func seed(of node: YAMLNode, sink: DiagnosticSink) -> PlannedJob.SeedSource? {
        if case .invalid = node.content { return nil }
        if node.text == "server" { return .server }
        guard node.scalarType == .number else {
            sink.report(
                "type",
                "`seed` must be a whole number of at least 0, or `server`, got \(node.described)", at: node,
                hint: node.text.flatMap { Int64($0) }.map { "write `seed: \($0)`" })
            return nil
        }
        guard let value = sink.integer(of: node, key: "seed", in: Schema.seed) else { return nil }
        SeedPlan.warnIfInexact(value, at: node, sink: sink)
        return .manifest(value)
    }
}
