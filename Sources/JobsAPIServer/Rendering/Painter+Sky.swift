import Pictures

extension Painter {
    /// Paints the sky with its sun or moon, stars or clouds.
    /// - Parameter horizon: Where the sky ends, 0 (above) … 1 (below).
    /// - Returns: Where the sun or moon stands.
    @discardableResult
    mutating func paintSky(
        _ palette: Palette, horizon: Double, lampHeight: ClosedRange<Double> = 0.16...0.42
    ) -> Point {
        let middle = height * horizon * 0.55
        canvas.fillRectangle(
            x: 0, y: 0, width: canvas.size.width, height: Int(middle),
            .vertical(palette.skyTop, palette.skyMiddle, from: 0, to: middle))
        canvas.fillRectangle(
            x: 0, y: Int(middle), width: canvas.size.width, height: canvas.size.height - Int(middle),
            .vertical(palette.skyMiddle, palette.skyBottom, from: middle, to: height * horizon))
        if palette.isNight { paintStars(.white, count: 260, above: 0.75) }
        let lamp = paintLamp(palette, height: lampHeight)
        if !palette.isNight { paintClouds(palette) }
        return lamp
    }

    private mutating func paintLamp(_ palette: Palette, height range: ClosedRange<Double>) -> Point {
        let center = Point(width * dice.number(0.2...0.8), height * dice.number(range))
        let radius = unit * dice.number(0.055...0.11)
        canvas.glow(center: center, radius: radius * 7, palette.lamp.withAlpha(0.35))
        canvas.glow(center: center, radius: radius * 2.6, palette.lamp.withAlpha(0.5))
        canvas.fillCircle(center: center, radius: radius, .color(palette.lamp))
        guard palette.isNight else { return center }
        let shade = palette.lamp.mixed(with: palette.skyMiddle, 0.3)
        for _ in 0..<5 {
            let size = radius * dice.number(0.06...0.22)
            let place = Point(
                center.x + radius * dice.number(-0.52...0.52), center.y + radius * dice.number(-0.52...0.52))
            canvas.fillCircle(center: place, radius: size, .color(shade.withAlpha(0.45)))
        }
        return center
    }

    /// Long flat clouds, each of a few ellipses.
    private mutating func paintClouds(_ palette: Palette) {
        let color = palette.skyBottom.mixed(with: .white, 0.45)
        for _ in 0..<Int(min(60, 4 * width / unit)) {
            let center = Point(dice.number(-0.1...1.1) * width, dice.number(0.08...0.45) * height)
            let length = unit * dice.number(0.12...0.3)
            for _ in 0..<6 {
                let reach = dice.number(-1...1)
                canvas.fillEllipse(
                    center: Point(center.x + reach * length, center.y + dice.number(-0.012...0.012) * unit),
                    radiusX: length * (0.75 - 0.4 * abs(reach)), radiusY: unit * dice.number(0.008...0.02),
                    .color(color.withAlpha(0.22)))
            }
        }
    }
}
