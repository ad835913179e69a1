import Pictures

/// The prompt across the foot of a picture, with the seed in the corner.
struct Caption {
    let prompt: String
    let seed: Int64

    private static let leading = 1.32

    /// Draws nothing where no font is installed or the picture is too small to write in.
    func draw(on canvas: Canvas) {
        let width = Double(canvas.size.width)
        let height = Double(canvas.size.height)
        let text = Lettering(prompt)
        guard let face = text.face else { return }
        let size = min(max(min(width, height * 1.4) / 30, 10), 72)
        let style = TextStyle(face: face, height: size, color: .white)
        let small = TextStyle(face: face, height: max(8, size * 0.62), color: Color.white.withAlpha(0.72))
        let margin = size * (width > size * 20 ? 0.9 : 0.4)
        let mostLines = Int(min(3, (height * 0.42 - margin) / (size * Self.leading)))
        guard mostLines > 0, height >= 40 else { return }
        let label = width > size * 18 ? "seed \(seed)" : ""
        let labelWidth = label.isEmpty ? 0 : small.width(of: label) + size
        let lines = text.wrapped(
            style, width: width - 2 * margin, lastWidth: width - 2 * margin - labelWidth, lines: mostLines)
        guard !lines.isEmpty || !label.isEmpty else { return }
        let block = Double(max(1, lines.count)) * size * Self.leading
        let band = block + margin * 1.1
        shade(canvas, from: height - band - size * 1.6, to: height - band)
        canvas.fillRectangle(
            x: 0, y: Int(height - band), width: canvas.size.width, height: canvas.size.height,
            .color(Color.black.withAlpha(0.6)))
        for (number, line) in lines.enumerated() {
            let baseline = height - band + margin * 0.35 + size * (0.95 + Double(number) * Self.leading)
            canvas.draw(line, x: margin, y: baseline, style)
        }
        if !label.isEmpty {
            canvas.draw(label, x: width - margin - labelWidth + size, y: height - margin * 0.8, small)
        }
    }

    /// Lets the band begin softly.
    private func shade(_ canvas: Canvas, from top: Double, to bottom: Double) {
        canvas.fillRectangle(
            x: 0, y: Int(top), width: canvas.size.width, height: Int(bottom) - Int(top),
            .vertical(Color.black.withAlpha(0), Color.black.withAlpha(0.6), from: top, to: bottom))
    }
}
