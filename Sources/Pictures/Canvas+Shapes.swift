import Glibc

extension Canvas {
    /// Fills the whole picture.
    package func fill(_ paint: Paint) {
        fillRectangle(x: 0, y: 0, width: size.width, height: size.height, paint)
    }

    /// Fills whole pixels; what lies outside is left out.
    package func fillRectangle(x: Int, y: Int, width: Int, height: Int, _ paint: Paint) {
        let left = max(0, x)
        let right = min(size.width, x + width)
        guard left < right, y + height > 0 else { return }
        for line in max(0, y)..<max(0, y, min(size.height, y + height)) {
            guard let row = row(line) else { continue }
            let brush = Brush(paint.color(atRow: line))
            for column in left..<right { brush.draw(&row[column], coverage: 1) }
        }
    }

    /// Fills a polygon with soft edges.
    /// - Parameter corners: In either direction; the last is joined to the first. An area walked around twice counts once.
    package func fillPolygon(_ corners: [Point], _ paint: Paint) {
        guard corners.count > 2, let last = corners.last else { return }
        let top = Int(max(0, corners.reduce(last.y) { min($0, $1.y) }).rounded(.down))
        let bottom = Int(min(Double(size.height), corners.reduce(last.y) { max($0, $1.y) }).rounded(.up))
        let left = Int(max(0, corners.reduce(last.x) { min($0, $1.x) }).rounded(.down))
        let right = Int(min(Double(size.width), corners.reduce(last.x) { max($0, $1.x) }).rounded(.up))
        guard top < bottom, left < right else { return }
        // In strips, so that a large picture needs no second one for the coverage.
        for strip in stride(from: top, to: bottom, by: 64) {
            var coverage = Coverage(left: left, top: strip, width: right - left, height: min(64, bottom - strip))
            var previous = last
            for corner in corners {
                coverage.add(from: previous, to: corner)
                previous = corner
            }
            coverage.forEachRow { line, covered in
                guard let row = row(line) else { return }
                let brush = Brush(paint.color(atRow: line))
                var sum: Float = 0
                for column in 0..<(right - left) {
                    sum += covered[column]
                    let share = min(abs(sum), 1)
                    if share > 0.002 { brush.draw(&row[left + column], coverage: share) }
                }
            }
        }
    }

    package func fillEllipse(center: Point, radiusX: Double, radiusY: Double, _ paint: Paint) {
        // Straight pieces that stay within a twentieth of a pixel of the curve.
        let pieces = min(max(Int((max(radiusX, radiusY, 1).squareRoot() * 10).rounded(.up)), 12), 720)
        let corners = (0..<pieces).map { piece in
            let angle = 2 * Double.pi * Double(piece) / Double(pieces)
            return Point(center.x + radiusX * cos(angle), center.y + radiusY * sin(angle))
        }
        fillPolygon(corners, paint)
    }

    package func fillCircle(center: Point, radius: Double, _ paint: Paint) {
        fillEllipse(center: center, radiusX: radius, radiusY: radius, paint)
    }

    /// Light around a point, that fades to nothing at `radius`.
    package func glow(center: Point, radius: Double, _ color: Color) {
        guard radius >= 1 else { return }
        let rows = max(0, Int(center.y - radius))..<max(0, min(size.height, Int(center.y + radius) + 1))
        let columns = max(0, Int(center.x - radius))..<max(0, min(size.width, Int(center.x + radius) + 1))
        let brush = Brush(color)
        let (centerX, centerY) = (Float(center.x), Float(center.y))
        let inverse = 1 / Float(radius * radius)
        guard !rows.isEmpty, !columns.isEmpty else { return }
        for line in rows {
            guard let row = row(line) else { continue }
            let dy = Float(line) - centerY
            for column in columns {
                let dx = Float(column) - centerX
                let left = 1 - (dx * dx + dy * dy) * inverse
                if left > 0 { brush.draw(&row[column], coverage: left * left * left) }
            }
        }
    }
}

/// One colour, ready to be laid over pixels.
private struct Brush {
    let packed: Int32
    let alpha: Float
    let red: Float
    let green: Float
    let blue: Float

    init(_ color: Color) {
        packed = color.withAlpha(1).packed
        alpha = Float(min(max(color.alpha, 0), 1))
        red = Float(packed >> 16 & 255)
        green = Float(packed >> 8 & 255)
        blue = Float(packed & 255)
    }

    @inline(__always)
    func draw(_ pixel: inout Int32, coverage: Float) {
        let share = alpha * coverage
        guard share < 0.998 else {
            pixel = packed
            return
        }
        let below = pixel
        let newRed = Float(below >> 16 & 255) * (1 - share) + red * share + 0.5
        let newGreen = Float(below >> 8 & 255) * (1 - share) + green * share + 0.5
        let newBlue = Float(below & 255) * (1 - share) + blue * share + 0.5
        pixel = below & 0x7F00_0000 | Int32(newRed) << 16 | Int32(newGreen) << 8 | Int32(newBlue)
    }
}
