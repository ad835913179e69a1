import Pictures

extension Painter {
    /// A wide water with the light's way on it, an island and a sailing boat.
    mutating func paintSea(_ palette: Palette) {
        let horizon = height * 0.56
        let lamp = paintSky(palette, horizon: 0.56, lampHeight: 0.22...0.48)
        let island = Noise(dice: &dice)
        let middle = width * dice.number(0.1...0.9)
        let reach = unit * dice.number(0.3...0.6)
        let outline = profile { x in
            let inside = max(0, 1 - ((x - middle) / reach) * ((x - middle) / reach))
            return horizon - unit * 0.16 * inside * (0.3 + 0.7 * island.value(x / unit * 5, octaves: 4))
        }
        canvas.fillPolygon(
            outline, .vertical(palette.silhouette(0.55), palette.silhouette(0.8), from: horizon * 0.7, to: horizon))
        let deep = palette.near.mixed(with: palette.skyTop, 0.45)
        canvas.fillRectangle(
            x: 0, y: Int(horizon), width: canvas.size.width, height: canvas.size.height - Int(horizon),
            .vertical(palette.skyBottom.mixed(with: palette.skyMiddle, 0.5), deep, from: horizon, to: height))
        paintWaves(palette, horizon: horizon, lightWay: lamp.x)
        paintBoat(palette, horizon: horizon)
    }

    /// Flat streaks, longer towards the viewer: light in the middle, dark and bright at the sides.
    private mutating func paintWaves(_ palette: Palette, horizon: Double, lightWay: Double) {
        for _ in 0..<Int(min(2400, 420 * width / unit)) {
            let depth = dice.number(0...1) * dice.number(0.15...1)
            let y = horizon + (height - horizon) * depth
            let onWay = dice.hit(0.35)
            let spread = unit * (0.05 + 0.2 * depth)
            let x =
                onWay ? lightWay + spread * dice.number(-1...1) * dice.number(0...1) : dice.number(-0.05...1.05) * width
            let color = onWay ? palette.lamp : dice.hit(0.5) ? palette.skyBottom : palette.near
            canvas.fillEllipse(
                center: Point(x, y), radiusX: unit * (0.01 + 0.06 * depth) * dice.number(0.4...1.4),
                radiusY: max(0.5, unit * (0.0008 + 0.0042 * depth)),
                .color(color.withAlpha(onWay ? dice.number(0.2...0.55) : dice.number(0.06...0.2))))
        }
    }

    private mutating func paintBoat(_ palette: Palette, horizon: Double) {
        let size = unit * dice.number(0.1...0.16)
        let foot = Point(width * dice.number(0.2...0.8), horizon + (height - horizon) * dice.number(0.18...0.34))
        let side = dice.hit(0.5) ? 1.0 : -1.0
        func at(_ x: Double, _ y: Double) -> Point { Point(foot.x + side * x * size, foot.y - y * size) }
        canvas.fillEllipse(
            center: at(0, -0.12), radiusX: size * 0.55, radiusY: size * 0.05, .color(palette.near.withAlpha(0.35)))
        let sail = palette.accent.mixed(with: .white, 0.3)
        canvas.fillPolygon([at(0.04, 1.15), at(0.5, 0.14), at(0.04, 0.14)], .color(sail))
        canvas.fillPolygon(
            [at(-0.03, 1.0), at(-0.36, 0.14), at(-0.03, 0.14)], .color(sail.mixed(with: palette.near, 0.3)))
        canvas.fillPolygon(
            [at(-0.5, 0.08), at(0.6, 0.08), at(0.42, -0.12), at(-0.36, -0.12)],
            .color(palette.near.mixed(with: .black, 0.25)))
    }
}
