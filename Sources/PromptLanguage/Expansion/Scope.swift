/// The variables that a place sees. They are looked up where they are used, as the Python package does it, not where
/// they are written.
final class Scope {
    enum Binding {
        case written(Command, in: ParsedPrompt)
        case filled(Node)
    }

    private let outer: Scope?
    private let bindings: [String: Binding]

    init(outer: Scope? = nil, bindings: [String: Binding] = [:]) {
        self.outer = outer
        self.bindings = bindings
    }

    subscript(name: String) -> Binding? {
        var scope: Scope? = self
        while let current = scope {
            if let binding = current.bindings[name] { return binding }
            scope = current.outer
        }
        return nil
    }

    var names: [String] { Array(bindings.keys) + (outer?.names ?? []) }
}
