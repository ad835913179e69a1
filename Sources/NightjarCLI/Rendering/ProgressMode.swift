/// How a run shows what it does (`--progress`).
package enum ProgressMode: String, CaseIterable, Sendable {
    /// `bar` on a terminal that can redraw lines, else `plain`.
    case auto
    /// A few lines on standard error, redrawn in place.
    case bar
    /// Lines on standard error, now and then.
    case plain
    /// Every event as a line of JSON on standard output.
    case json
    case none

    /// The mode to use; never `auto`. A `bar` where nothing can be redrawn is `plain`.
    /// - Parameter isTerminal: Whether standard error is one.
    package func resolved(isTerminal: Bool, environment: [String: String]) -> ProgressMode {
        switch self {
        case .auto, .bar: isTerminal && environment["TERM", default: "dumb"] != "dumb" ? .bar : .plain
        case .plain, .json, .none: self
        }
    }
}
