import Pictures

extension Painter {
    enum RidgeShape { case rolling, jagged }

    /// Paints ridge behind ridge, with mist between them.
    /// - Parameters:
    ///   - first: The height of the farthest, 0 (above) … 1 (below).
    ///   - last: The height of the nearest.
    ///   - nearest: How far away the nearest is, 0 … 1.
    mutating func paintRidges(
        _ palette: Palette, from first: Double, to last: Double, layers: Int, shape: RidgeShape, nearest: Double = 0
    ) {
        for layer in 0..<layers {
            let nearness = layers == 1 ? 1 : Double(layer) / Double(layers - 1)
            let base = height * (first + (last - first) * nearness)
            let noise = Noise(dice: &dice)
            let rise = unit * (shape == .jagged ? 0.34 - 0.2 * nearness : 0.2 - 0.06 * nearness)
            let scale = unit * (shape == .jagged ? 0.42 : 0.55)
            let color = palette.silhouette(nearest + (0.86 - nearest) * (1 - nearness))
            let mist = color.mixed(with: palette.skyBottom, 0.38 * (1 - nearness) + 0.08)
            let outline = profile { x in
                let value = noise.value(x / scale, octaves: shape == .jagged ? 6 : 3)
                let peak = shape == .jagged ? 1 - abs(2 * value - 1) * 1.25 : value
                return base - rise * peak + rise * 0.35
            }
            canvas.fillPolygon(outline, .vertical(color, mist, from: base - rise * 0.6, to: base + unit * 0.16))
        }
    }

    /// The area below a curve, as a polygon.
    func profile(_ curve: (Double) -> Double) -> [Point] {
        let step = max(1, unit / 512)
        var points = stride(from: -step, through: width + step, by: step).map { Point($0, curve($0)) }
        points.append(Point(width + step * 2, height + 1))
        points.append(Point(-step * 2, height + 1))
        return points
    }

    /// Rows of firs, the nearer the taller and darker.
    mutating func paintTrees(_ palette: Palette) {
        let rows = 4
        for row in 0..<rows {
            let nearness = Double(row) / Double(rows - 1)
            let ground = Noise(dice: &dice)
            let base = height * (0.66 + 0.2 * nearness)
            let color = palette.silhouette(0.7 * (1 - nearness))
            let mist = color.mixed(with: palette.skyBottom, 0.45 * (1 - nearness))
            let size = unit * (0.16 + 0.3 * nearness * nearness)
            func floor(_ x: Double) -> Double { base - unit * 0.05 * ground.value(x / unit * 1.6, octaves: 2) }
            let paint = Paint.vertical(color, mist, from: base - size * 0.5, to: base + unit * 0.1)
            canvas.fillPolygon(profile(floor), paint)
            var x = -size * 0.3
            while x < width + size * 0.3 {
                let tall = size * dice.number(0.62...1.15)
                paintFir(foot: Point(x, floor(x) + unit * 0.012), tall: tall, paint)
                x += size * dice.number(0.13...0.46)
            }
        }
    }

    /// A fir as one outline: branches in steps, each wider than the one above.
    private mutating func paintFir(foot: Point, tall: Double, _ paint: Paint) {
        let steps = 7
        var right: [Point] = []
        var left: [Point] = []
        for step in 1...steps {
            let share = Double(step) / Double(steps)
            let reach = tall * 0.19 * share * dice.number(0.85...1.12)
            let y = foot.y - tall * (1 - share * 0.92)
            right += [Point(foot.x + reach, y), Point(foot.x + reach * 0.48, y - tall * 0.012)]
            left += [
                Point(foot.x - reach * dice.number(0.9...1.08), y), Point(foot.x - reach * 0.48, y - tall * 0.012),
            ]
        }
        let trunk = tall * 0.018
        let stem = [Point(foot.x + trunk, foot.y + tall * 0.04), Point(foot.x - trunk, foot.y + tall * 0.04)]
        canvas.fillPolygon([Point(foot.x, foot.y - tall)] + right + stem + left.reversed(), paint)
    }
}
