import NightjarCore
import YAMLStream

/// `variants`: what becomes of the choices in a prompt.
enum VariantsMode: String, Sendable, CaseIterable {
    /// Every combination is made.
    case all
    /// One is drawn for each image.
    case random
    /// The text is taken as it stands.
    case none

    var code: UInt8 {
        switch self {
        case .all: 0
        case .random: 1
        case .none: 2
        }
    }

    init(code: UInt8) { self = code == 2 ? .none : code == 1 ? .random : .all }

    /// - Returns: `nil` when nothing stands there, or nothing of these; that is reported then.
    static func read(_ node: YAMLNode?, sink: DiagnosticSink) -> VariantsMode? {
        guard let node, let text = sink.text(of: node, key: "variants") else { return nil }
        if let mode = VariantsMode(rawValue: text) { return mode }
        let known = allCases.map(\.rawValue)
        sink.report(
            "type", "`variants` must be `all`, `random` or `none`, got \(node.described)", at: node,
            hint: nearest(to: text, among: known).map { "did you mean `\($0)`?" })
        return nil
    }
}
