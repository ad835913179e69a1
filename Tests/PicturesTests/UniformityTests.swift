import Testing

@testable import Pictures

struct UniformityTests {
    private func canvas(_ level: Int) throws -> Canvas {
        let canvas = try Canvas(width: 20, height: 20)
        canvas.fill(.color(Color(red: Double(level) / 255, green: 0, blue: 1)))
        return canvas
    }

    @Test func `a picture of one colour is uniform, and one pixel more is not`() throws {
        for (x, y) in [(0, 0), (19, 0), (7, 11), (19, 19)] {
            let canvas = try canvas(100)
            #expect(canvas.isUniform(within: 0))
            canvas.fillRectangle(x: x, y: y, width: 1, height: 1, .color(Color(red: 103 / 255, green: 0, blue: 1)))
            #expect(!canvas.isUniform(within: 2))
            #expect(canvas.isUniform(within: 3))
        }
    }

    @Test func `two pixels are compared in every channel`() throws {
        for color in [
            Color(red: 0.5, green: 0, blue: 1), Color(red: 0, green: 0.5, blue: 1), Color(red: 0, green: 0, blue: 0.5),
        ] {
            let canvas = try canvas(0)
            canvas.fillRectangle(x: 3, y: 3, width: 2, height: 2, .color(color))
            #expect(!canvas.isUniform(within: 100))
            #expect(canvas.isUniform(within: 128))
        }
    }

    /// Writes pixels as they are, transparency too.
    private func set(_ canvas: Canvas, _ pixel: (_ x: Int, _ y: Int) -> Color) {
        for y in 0..<canvas.size.height {
            for x in 0..<canvas.size.width { canvas.row(y)?[x] = pixel(x, y).packed }
        }
    }

    @Test func `a cut-out of one colour is not uniform, and what is not seen has no colour`() throws {
        let canvas = try canvas(0)
        set(canvas) { x, _ in Color.white.withAlpha(x < 10 ? 1 : 0) }
        #expect(!canvas.isUniform(within: 2))
        set(canvas) { x, y in Color(red: Double(x) / 20, green: Double(y) / 20, blue: 0, alpha: 0) }
        #expect(canvas.isUniform(within: 0))
        set(canvas) { x, y in Color(red: Double(x) / 20, green: 0, blue: 0, alpha: y == 19 ? 1 : 0) }
        #expect(!canvas.isUniform(within: 2))
    }

    @Test func `a picture survives lossless WebP to the pixel, and the other nearly`() throws {
        let original = try canvas(200)
        original.fillRectangle(x: 0, y: 0, width: 10, height: 20, .color(.white))
        let copy = try Canvas(decoding: original.webp(quality: nil))
        for x in 0..<20 { #expect(copy.color(x: x, y: 5) == original.color(x: x, y: 5)) }
        let lossy = try Canvas(decoding: original.webp())
        #expect(lossy.size == original.size)
        #expect(abs(try #require(lossy.color(x: 2, y: 5)).green - 1) < 0.1)
    }
}
