import NightjarCore
import YAMLStream

/// `seeds`: how many jobs each prompt makes that has no seed of its own, and with which seeds.
enum SeedPlan: Sendable, Equatable {
    /// So many, with derived seeds.
    case count(Int)
    case list([Int64])
    case range(from: Int64, count: Int)

    /// - Returns: `nil` when `node` is none of these; that is reported then.
    init?(_ node: YAMLNode, sink: DiagnosticSink) {
        switch node.content {
        case .invalid:
            return nil
        case .scalar:
            guard let count = sink.integer(of: node, key: "seeds", in: 0...Int64(Schema.mostJobs)) else { return nil }
            self = .count(Int(count))
        case .sequence(let items):
            var seeds: [Int64] = []
            var places: [Int64: YAMLMark] = [:]
            for item in items {
                guard let seed = sink.integer(of: item, key: "seeds", in: Schema.seed) else { continue }
                Self.warnIfInexact(seed, at: item, sink: sink)
                seeds.append(seed)
                if let first = places[seed] {
                    sink.report(
                        "duplicate-value", "`seeds` has \(seed) twice: the same image would be made again", at: item,
                        notes: [("first given here", first)])
                } else {
                    places[seed] = item.start
                }
            }
            guard seeds.count == items.count else { return nil }
            self = .list(seeds)
        case .mapping:
            guard let reader = MappingReader(node, place: "`seeds`", sink: sink) else { return nil }
            let meant = reader.checkKeys(Schema.seedRange)
            for key in Schema.seedRange where !reader.has(key) && !meant.contains(key) {
                sink.report(
                    "missing", "`seeds` needs `\(key)`", at: node, hint: "write `seeds: {from: 100, count: 50}`")
            }
            guard let from = reader.integer("from", in: Schema.seed),
                let count = reader.integer("count", in: 0...Schema.mostJobs)
            else { return nil }
            let (last, isTooLarge) = from.addingReportingOverflow(Int64(max(count, 1)) - 1)
            guard !isTooLarge else {
                sink.report("type", "the last of these seeds is more than \(Int64.max)", at: node)
                return nil
            }
            Self.warnIfInexact(last, at: node, sink: sink)
            self = .range(from: from, count: count)
        }
    }

    var count: Int {
        switch self {
        case .count(let count), .range(_, let count): count
        case .list(let seeds): seeds.count
        }
    }

    static func warnIfInexact(_ seed: Int64, at node: YAMLNode, sink: DiagnosticSink) {
        guard seed > Schema.exactSeed else { return }
        sink.report(
            "large-seed", "seeds above \(Schema.exactSeed) lose digits where a server reads numbers as doubles",
            at: node, severity: .warning)
    }
}
