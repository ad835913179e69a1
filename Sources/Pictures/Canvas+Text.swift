import CLibGD

/// Where and how a line of text is drawn.
package struct TextStyle: Hashable, Sendable {
    package var face: Typeface
    /// Pixels from one baseline to the next in a text without leading, about.
    package var height: Double
    package var color: Color

    package init(face: Typeface, height: Double, color: Color) {
        self.face = face
        self.height = height
        self.color = color
    }

    /// How wide `text` is, in pixels; 0 when the font cannot be used.
    package func width(of text: String) -> Double {
        Double(max(0, extent(of: text, on: nil, x: 0, y: 0)))
    }

    /// Draws on `image`, or only measures.
    /// - Returns: The x of the right end.
    fileprivate func extent(of text: String, on image: UnsafeMutablePointer<gdImage>?, x: Double, y: Double) -> Int32 {
        // libgd reads `&name;` as HTML, and text only to the first NUL.
        var plain = ""
        for scalar in text.unicodeScalars where scalar.properties.generalCategory != .control {
            plain.unicodeScalars.append(scalar)
            if scalar == "&" { plain += "#38;" }
        }
        guard !plain.isEmpty else { return Int32(x) }
        var bounds = [Int32](repeating: 0, count: 8)
        // 96 pixels an inch, 72 points: libgd's resolution.
        let failure = gdImageStringFT(
            image, &bounds, color.packed, face.path, height * 0.75, 0, Int32(x.rounded()), Int32(y.rounded()), plain)
        return failure == nil ? bounds[2] : Int32(x)
    }
}

extension Canvas {
    /// Draws one line.
    /// - Parameters:
    ///   - x: Its left end.
    ///   - y: Its baseline.
    package func draw(_ text: String, x: Double, y: Double, _ style: TextStyle) {
        _ = style.extent(of: text, on: image, x: x, y: y)
    }
}
