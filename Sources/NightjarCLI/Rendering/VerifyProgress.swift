import NightjarCore

/// One line on a terminal that tells how far a long check has come; nothing where there is no terminal.
struct VerifyProgress {
    private let isShown: Bool
    private let width: Int
    private let style: TerminalStyle
    private var writer: DescriptorWriter
    private var lastDrawn: ContinuousClock.Instant?
    private var isDrawn = false

    private static let interval: Duration = .milliseconds(200)

    /// - Parameter width: Columns of the terminal behind `descriptor`; `nil` where there is none.
    init(_ descriptor: Int32, width: Int?, style: TerminalStyle) {
        isShown = width != nil
        self.width = width ?? 0
        self.style = style
        writer = DescriptorWriter(descriptor)
    }

    /// - Parameter text: `checked 12 of 40`, say.
    mutating func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastDrawn, now - lastDrawn < Self.interval { return }
        // What is over at once needs no progress.
        let isFirst = lastDrawn == nil
        lastDrawn = now
        if isFirst { return }
        isDrawn = true
        writer.write("\r\(Cells.cut(text(), to: max(1, width - 1), ellipsis: style.ellipsis))\u{1B}[K")
    }

    /// Wipes the line.
    mutating func end() {
        if isDrawn { writer.write("\r\u{1B}[K") }
        isDrawn = false
        lastDrawn = nil
    }
}
