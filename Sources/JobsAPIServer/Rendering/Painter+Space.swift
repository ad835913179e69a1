import Glibc
import Pictures

extension Painter {
    /// Clouds of gas, stars, and a planet with moons, sometimes with a ring.
    mutating func paintSpace() {
        let hue = dice.number(225...320)
        canvas.fill(
            .vertical(
                Color(lightness: 0.13, chroma: 0.04, hue: hue), Color(lightness: 0.24, chroma: 0.08, hue: hue + 50),
                from: 0, to: height))
        for _ in 0..<Int(min(40, 9 * width / unit)) {
            let gas = Color(lightness: dice.number(0.4...0.62), chroma: 0.15, hue: hue + dice.number(-45...60))
            canvas.glow(
                center: Point(dice.number(0...1) * width, dice.number(0...1) * height),
                radius: unit * dice.number(0.25...0.7), gas.withAlpha(dice.number(0.12...0.34)))
        }
        paintStars(.white, count: 420, above: 1)
        let center = Point(width * dice.number(0.32...0.68), height * dice.number(0.32...0.5))
        let radius = unit * dice.number(0.17...0.26)
        let sun = dice.number(-0.7 ... -0.35)
        let tint = hue + dice.number(100...240)
        let hasRing = dice.hit(0.65)
        let tilt = dice.number(-0.45...0.45)
        canvas.glow(center: center, radius: radius * 2.1, Color(lightness: 0.75, chroma: 0.12, hue: tint, alpha: 0.4))
        if hasRing { paintRing(center: center, radius: radius, tilt: tilt, hue: tint, behind: true) }
        paintBall(center: center, radius: radius, hue: tint, sun: sun)
        if hasRing { paintRing(center: center, radius: radius, tilt: tilt, hue: tint, behind: false) }
        for _ in 0..<dice.whole(1...3) {
            let angle = dice.number(0...(2 * .pi))
            let distance = radius * dice.number(1.5...2.4)
            paintBall(
                center: Point(center.x + distance * cos(angle), center.y + distance * 0.75 * sin(angle)),
                radius: radius * dice.number(0.06...0.2), hue: tint + dice.number(-90...90), sun: sun)
        }
    }

    /// A planet: bands of cloud, cut to a disc, and a night side.
    private mutating func paintBall(center: Point, radius: Double, hue: Double, sun: Double) {
        canvas.fillCircle(
            center: center, radius: radius,
            .vertical(
                Color(lightness: 0.82, chroma: 0.1, hue: hue), Color(lightness: 0.58, chroma: 0.13, hue: hue + 35),
                from: center.y - radius, to: center.y + radius))
        for _ in 0..<7 where radius > 6 {
            let middle = dice.number(-0.85...0.85)
            let half = dice.number(0.02...0.1)
            let color = Color(
                lightness: dice.number(0.5...0.92), chroma: 0.1, hue: hue + dice.number(-20...60), alpha: 0.35)
            let steps = 24
            var upper: [Point] = []
            var lower: [Point] = []
            for step in 0...steps {
                // Both edges bend with the sphere, and end at its rim.
                let along = Double(step) / Double(steps) * 2 - 1
                for (edge, isUpper) in [(middle - half, true), (middle + half, false)] {
                    let level = min(max(edge, -0.98), 0.98)
                    let chord = (1 - level * level).squareRoot()
                    let bend = 0.08 * (1 - along * along) * chord
                    let y = min(max(level + bend, -0.99), 0.99)
                    let x = along * (1 - y * y).squareRoot()
                    let point = Point(center.x + radius * x, center.y + radius * y)
                    if isUpper { upper.append(point) } else { lower.append(point) }
                }
            }
            canvas.fillPolygon(upper + lower.reversed(), .color(color))
        }
        paintNight(center: center, radius: radius, sun: sun)
    }

    /// Several crescents of shadow, so that the border of day and night is soft.
    private func paintNight(center: Point, radius: Double, sun: Double) {
        let shadow = Color(lightness: 0.1, chroma: 0.04, hue: 280)
        let layers = 40
        for layer in 0..<layers {
            let edge = sun + 1.1 * Double(layer) / Double(layers)
            var crescent: [Point] = []
            for step in 0...48 {
                let angle = -Double.pi / 2 + Double.pi * Double(step) / 48
                crescent.append(Point(center.x + radius * 1.004 * cos(angle), center.y + radius * 1.004 * sin(angle)))
            }
            for step in 0...48 {
                let angle = Double.pi / 2 - Double.pi * Double(step) / 48
                crescent.append(Point(center.x + radius * edge * cos(angle), center.y + radius * 1.004 * sin(angle)))
            }
            canvas.fillPolygon(crescent, .color(shadow.withAlpha(0.04)))
        }
    }

    /// Half of a planet's ring: the one behind it, or the one before it.
    private func paintRing(center: Point, radius: Double, tilt: Double, hue: Double, behind: Bool) {
        for (inner, outer, alpha) in [(1.35, 1.52, 0.55), (1.55, 1.82, 0.75), (1.86, 2.02, 0.4)] {
            var points: [Point] = []
            for (reach, forwards) in [(outer, true), (inner, false)] {
                for step in 0...64 {
                    let share = Double(forwards ? step : 64 - step) / 64
                    let angle = (behind ? Double.pi : 0) + Double.pi * share
                    let (x, y) = (reach * radius * cos(angle), reach * radius * 0.24 * sin(angle))
                    points.append(
                        Point(center.x + x * cos(tilt) - y * sin(tilt), center.y + x * sin(tilt) + y * cos(tilt)))
                }
            }
            canvas.fillPolygon(points, .color(Color(lightness: 0.85, chroma: 0.07, hue: hue + 40, alpha: alpha)))
        }
    }
}
