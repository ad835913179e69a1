import NightjarCore

/// The request fields that `defaults` or a prompt gives; what is `nil` is left to the other, or to the API.
struct RequestFields: Sendable, Hashable {
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

    /// Why a text is no value of a field.
    struct Unfit: Error {
        var message: String
    }

    /// Sets the field of this name from a text, as an axis or a column of a table gives it.
    mutating func set(_ name: String, to text: String) throws(Unfit) {
        func whole(_ range: ClosedRange<Int>) throws(Unfit) -> Int {
            if let value = Int(text), range.contains(value) { return value }
            throw Unfit(
                message: "`\(name)` must be a whole number from \(range.lowerBound) to \(range.upperBound), got "
                    + DisplayText.quoted(text))
        }
        switch name {
        case "model":
            if text.trimmed().isEmpty { throw Unfit(message: "`model` must not be empty") }
            model = text
        case "negative_prompt": negativePrompt = text
        case "width": width = try whole(Schema.size)
        case "height": height = try whole(Schema.size)
        case "steps": steps = try whole(Schema.steps)
        case "cfg_scale":
            guard let value = Double(text), value.isFinite, value >= 0 else {
                throw Unfit(message: "`cfg_scale` must be a number of at least 0, got \(DisplayText.quoted(text))")
            }
            cfgScale = value
        case "sampler": sampler = text
        case "seed":
            if text == "server" { return seed = .server }
            guard let value = Int64(text), value >= 0 else {
                throw Unfit(
                    message: "`seed` must be a whole number of at least 0, or `server`, got \(DisplayText.quoted(text))"
                )
            }
            seed = .manifest(value)
        default: break
        }
    }

    /// The one way to write the number of a field; `nil` for a field of another kind.
    func number(_ name: String) -> String? {
        switch name {
        case "width": width.map(String.init)
        case "height": height.map(String.init)
        case "steps": steps.map(String.init)
        case "cfg_scale": cfgScale.map { value in Int64(exactly: value).map(String.init) ?? "\(value)" }
        default: nil
        }
    }

    /// Which of the fields that an axis can set are given.
    func has(_ name: String) -> Bool {
        switch name {
        case "model": model != nil
        case "negative_prompt": negativePrompt != nil
        case "width": width != nil
        case "height": height != nil
        case "steps": steps != nil
        case "cfg_scale": cfgScale != nil
        case "sampler": sampler != nil
        case "seed": seed != nil
        default: false
        }
    }

    /// These fields; where one is not given, the other's.
    func filled(from other: RequestFields) -> RequestFields {
        var fields = self
        fields.model = model ?? other.model
        fields.negativePrompt = negativePrompt ?? other.negativePrompt
        fields.width = width ?? other.width
        fields.height = height ?? other.height
        fields.steps = steps ?? other.steps
        fields.cfgScale = cfgScale ?? other.cfgScale
        fields.sampler = sampler ?? other.sampler
        fields.seed = seed ?? other.seed
        return fields
    }

    /// What the API is asked for; `nil` without a model.
    var parameters: ImageRequest.Parameters? {
        guard let model else { return nil }
        return ImageRequest.Parameters(
            model: model, negativePrompt: negativePrompt, width: width, height: height, steps: steps,
            cfgScale: cfgScale, sampler: sampler)
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
