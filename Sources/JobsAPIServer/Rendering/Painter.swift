import Pictures

/// Paints one picture: the sky first, then what stands before it, from far to near.
struct Painter {
    let canvas: Canvas
    var dice: Dice
    /// Pixels.
    let width: Double
    let height: Double
    /// The measure of all things in the picture: its shorter side in pixels.
    let unit: Double

    init(canvas: Canvas, dice: Dice) {
        self.canvas = canvas
        self.dice = dice
        width = Double(canvas.size.width)
        height = Double(canvas.size.height)
        unit = min(width, height)
    }

    mutating func paint(_ motif: Motif) {
        let palette = Palette(light: motif.light, dice: &dice)
        switch motif.place {
        case .hills:
            paintSky(palette, horizon: 0.75)
            paintRidges(palette, from: 0.52, to: 0.86, layers: 5, shape: .rolling)
        case .mountains:
            paintSky(palette, horizon: 0.75)
            paintRidges(palette, from: 0.48, to: 0.88, layers: 5, shape: .jagged)
        case .forest:
            paintSky(palette, horizon: 0.8)
            paintRidges(palette, from: 0.45, to: 0.56, layers: 2, shape: .jagged, nearest: 0.55)
            paintTrees(palette)
        case .city:
            paintSky(palette, horizon: 0.8)
            paintCity(palette)
        case .sea:
            paintSea(palette)
        case .space:
            paintSpace()
        }
        if motif.snows { paintSnow() }
    }

    mutating func paintSnow() {
        for _ in 0..<Int(min(2000, width * height / (unit * unit) * 260)) {
            let radius = unit * dice.number(0.0012...0.0048)
            canvas.fillCircle(
                center: Point(dice.number(0...width), dice.number(0...height)), radius: max(0.7, radius),
                .color(Color.white.withAlpha(dice.number(0.35...0.9))))
        }
    }

    mutating func paintStars(_ color: Color, count: Int, above limit: Double) {
        for _ in 0..<Int(min(4000, Double(count) * width * height / (unit * unit))) {
            let y = limit * height * dice.number(0...1)
            let radius = max(0.5, unit * 0.0007 / (0.25 + dice.number(0...1)))
            let alpha = dice.number(0.25...1) * (1 - 0.7 * y / (limit * height))
            let center = Point(dice.number(0...width), y)
            canvas.fillCircle(center: center, radius: radius, .color(color.withAlpha(alpha)))
            if dice.hit(0.03) { canvas.glow(center: center, radius: radius * 9, color.withAlpha(alpha * 0.5)) }
        }
    }
}
