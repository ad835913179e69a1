/// How much of each pixel of a strip lies inside a polygon, exactly.
///
/// Every edge leaves, in each row that it crosses, the *change* of the covered share from one pixel to the next; summed
/// up from the left these give the share itself.
/// - Note: Source: R. Levien, "Inside the fastest font renderer in the world" (font-rs), 2016.
struct Coverage {
    private let left: Int
    private let top: Int
    private let width: Int
    private let height: Int
    /// Two more a row than pixels: an edge at the right border writes beyond it.
    private let stride: Int
    private var changes: [Float]

    init(left: Int, top: Int, width: Int, height: Int) {
        self.left = left
        self.top = top
        self.width = width
        self.height = height
        stride = width + 2
        changes = Array(repeating: 0, count: stride * height)
    }

    /// Calls `body` with each row of the picture and its changes, from above.
    func forEachRow(_ body: (_ row: Int, _ changes: UnsafePointer<Float>) -> Void) {
        changes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return }
            for line in 0..<height { body(top + line, start + line * stride) }
        }
    }

    mutating func add(from start: Point, to end: Point) {
        let goesDown = start.y < end.y
        let (upper, lower) = goesDown ? (start, end) : (end, start)
        let upperY = upper.y - Double(top)
        let lowerY = lower.y - Double(top)
        guard lowerY > upperY, lowerY > 0, upperY < Double(height) else { return }
        let slope = (lower.x - upper.x) / (lowerY - upperY)
        var x = upper.x - Double(left) + (upperY < 0 ? -upperY * slope : 0)
        for line in max(0, Int(upperY))..<min(height, Int(lowerY.rounded(.up))) {
            let step = min(Double(line + 1), lowerY) - max(Double(line), upperY)
            let next = x + slope * step
            addPiece(line, Float(clamped(x)), Float(clamped(next)), Float(goesDown ? step : -step))
            x = next
        }
    }

    private func clamped(_ x: Double) -> Double { min(max(x, 0), Double(width)) }

    /// One edge within one row: from `start` to `end`, over `step` of the row's height, downwards if positive.
    private mutating func addPiece(_ line: Int, _ start: Float, _ end: Float, _ step: Float) {
        let base = line * stride
        let (near, far) = start < end ? (start, end) : (end, start)
        let nearFloor = near.rounded(.down)
        let farCeiling = far.rounded(.up)
        let first = Int(nearFloor)
        let last = Int(farCeiling)
        guard last > first + 1 else {
            let inside = step * (0.5 * (near + far) - nearFloor)
            changes[base + first] += step - inside
            changes[base + first + 1] += inside
            return
        }
        let perPixel = 1 / (far - near)
        let nearShare = near - nearFloor
        let farShare = far - farCeiling + 1
        let firstArea = 0.5 * perPixel * (1 - nearShare) * (1 - nearShare)
        let lastArea = 0.5 * perPixel * farShare * farShare
        changes[base + first] += step * firstArea
        if last == first + 2 {
            changes[base + first + 1] += step * (1 - firstArea - lastArea)
        } else {
            let secondArea = perPixel * (1.5 - nearShare)
            changes[base + first + 1] += step * (secondArea - firstArea)
            for pixel in (first + 2)..<(last - 1) { changes[base + pixel] += step * perPixel }
            let beforeLast = secondArea + Float(last - first - 3) * perPixel
            changes[base + last - 1] += step * (1 - beforeLast - lastArea)
        }
        changes[base + last] += step * lastArea
    }
}
