import Pictures

extension Painter {
    /// Rows of houses, the nearer the darker, with lit windows.
    mutating func paintCity(_ palette: Palette) {
        let glow = palette.accent.mixed(with: palette.skyBottom, 0.4)
        for place in [0.2, 0.5, 0.8] {
            canvas.glow(
                center: Point(width * place, height * 0.8), radius: min(width * 0.45, unit * 0.9), glow.withAlpha(0.3))
        }
        let rows = 4
        for row in 0..<rows {
            let nearness = Double(row) / Double(rows - 1)
            let color = palette.silhouette(0.75 * (1 - nearness))
            let mist = color.mixed(with: palette.skyBottom, 0.4 * (1 - nearness) + 0.05)
            var x = -unit * dice.number(0...0.08)
            while x < width {
                let broad = unit * dice.number(0.05...0.13) * (0.75 + 0.5 * nearness)
                let tall = unit * (dice.number(0.08...0.3) + (dice.hit(0.18) ? dice.number(0.05...0.22) : 0))
                let roof = height * (0.72 + 0.2 * nearness) - tall
                let paint = Paint.vertical(color, mist, from: roof, to: height * (0.8 + 0.2 * nearness))
                paintHouse(left: x, roof: roof, broad: broad, paint)
                if row > 0 { paintWindows(left: x, roof: roof, broad: broad, palette, nearness: nearness) }
                x += broad + unit * (dice.hit(0.3) ? dice.number(0...0.02) : 0)
            }
        }
    }

    private mutating func paintHouse(left: Double, roof: Double, broad: Double, _ paint: Paint) {
        let right = left + broad
        var outline = [Point(right, height + 1), Point(left, height + 1), Point(left, roof)]
        switch dice.whole(0...5) {
        case 0:  // slanted
            outline.append(Point(right, roof + broad * dice.number(-0.3...0.3)))
        case 1:  // stepped
            let step = broad * dice.number(0.15...0.3)
            outline += [
                Point(left + step, roof), Point(left + step, roof - step), Point(right - step, roof - step),
                Point(right - step, roof), Point(right, roof),
            ]
        case 2:  // with a mast
            let middle = left + broad / 2
            let mast = max(0.6, unit * 0.0018)
            let top = roof - unit * dice.number(0.04...0.1)
            outline += [
                Point(middle - mast, roof), Point(middle - mast / 2, top), Point(middle + mast / 2, top),
                Point(middle + mast, roof), Point(right, roof),
            ]
        default:
            outline.append(Point(right, roof))
        }
        canvas.fillPolygon(outline, paint)
    }

    private mutating func paintWindows(left: Double, roof: Double, broad: Double, _ palette: Palette, nearness: Double)
    {
        let pane = unit * (0.005 + 0.004 * nearness)
        let columns = Int(broad / (pane * 2.4))
        guard pane >= 1, columns > 1 else { return }
        let gap = broad / Double(columns)
        let lit = dice.number(0.12...0.5) * (palette.isNight ? 1 : 0.7)
        let warm = palette.accent.mixed(with: .white, dice.number(0...0.35))
        for row in 1..<max(2, Int((height * 0.95 - roof) / (pane * 3.2))) {
            for column in 0..<columns where dice.hit(lit) {
                let x = left + gap * (Double(column) + 0.5) - pane / 2
                let y = roof + Double(row) * pane * 3.2
                let corners = [
                    Point(x, y), Point(x + pane, y), Point(x + pane, y + pane * 1.5), Point(x, y + pane * 1.5),
                ]
                canvas.fillPolygon(corners, .color(warm.withAlpha(dice.number(0.35...0.95))))
            }
        }
    }
}
