/// Pixels, at least 1 each.
package struct PixelSize: Hashable, Sendable, CustomStringConvertible {
    package var width: Int
    package var height: Int

    package init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }

    package var description: String { "\(width)×\(height)" }
}

/// A place in a picture, in pixels from its upper left corner, rightwards and downwards.
package struct Point: Hashable, Sendable {
    package var x: Double
    package var y: Double

    package init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }
}

/// What an area is filled with.
package enum Paint: Hashable, Sendable {
    case color(Color)
    /// From the first colour at the height `from` to the other at `to`, in pixels from above; even beyond them.
    case vertical(Color, Color, from: Double, to: Double)

    func color(atRow row: Int) -> Color {
        switch self {
        case .color(let color): color
        case .vertical(let top, let bottom, let from, let to):
            top.mixed(with: bottom, to > from ? min(max((Double(row) + 0.5 - from) / (to - from), 0), 1) : 0)
        }
    }
}
