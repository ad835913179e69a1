import YAMLStream

extension Sample {
    /// `sample: 1000` or `sample: {count: 1000, seed: 7}`.
    /// - Returns: `nil` when `node` is neither; that is reported then.
    init?(_ node: YAMLNode, sink: DiagnosticSink) {
        let most = 1...Schema.mostJobs
        switch node.content {
        case .invalid: return nil
        case .scalar:
            guard let count = sink.integer(of: node, key: "sample", in: 1...Int64(Schema.mostJobs)) else { return nil }
            self.init(count: Int(count), seed: 0)
        case .sequence, .mapping:
            guard let reader = MappingReader(node, place: "`sample`", sink: sink) else { return nil }
            let meant = reader.checkKeys(Schema.sample)
            if !reader.has("count"), !meant.contains("count") {
                sink.report("missing", "`sample` needs `count`", at: node, hint: "write `sample: {count: 1000}`")
            }
            let seed: Int64? = reader.integer("seed", in: Schema.seed)
            guard let count = reader.integer("count", in: most) else { return nil }
            self.init(count: count, seed: UInt64(seed ?? 0))
        }
    }
}
