import Testing

@testable import Pictures

struct CanvasTests {
    private func canvas(_ width: Int, _ height: Int) throws -> Canvas {
        let canvas = try Canvas(width: width, height: height)
        canvas.fill(.color(.white))
        return canvas
    }

    @Test func `a picture survives PNG to the pixel`() throws {
        let original = try canvas(31, 17)
        original.fill(.vertical(Color(red: 1, green: 0, blue: 0), Color(red: 0, green: 0, blue: 1), from: 0, to: 17))
        let copy = try Canvas(decoding: original.png())
        #expect(copy.size == PixelSize(width: 31, height: 17))
        for y in 0..<17 { #expect(copy.color(x: 5, y: y) == original.color(x: 5, y: y)) }
        #expect(copy.color(x: 31, y: 0) == nil)
    }

    @Test func `a picture survives JPEG nearly`() throws {
        let original = try canvas(64, 64)
        original.fillRectangle(x: 0, y: 0, width: 32, height: 64, .color(Color(red: 0.8, green: 0.2, blue: 0.1)))
        let bytes = try original.jpeg()
        #expect(PictureHeader(bytes) == PictureHeader(try original.jpeg(quality: 30)))
        let red = try #require(try Canvas(decoding: bytes).color(x: 10, y: 30)).red
        #expect(abs(red - 0.8) < 0.05)
    }

    @Test func `a picture can be made smaller and larger`() throws {
        let original = try canvas(100, 50)
        original.fillRectangle(x: 0, y: 0, width: 50, height: 50, .color(.black))
        for size in [PixelSize(width: 20, height: 10), PixelSize(width: 300, height: 150)] {
            let copy = try original.scaled(to: size)
            #expect(copy.size == size)
            #expect(copy.color(x: 1, y: 1) == .black)
            #expect(copy.color(x: size.width - 2, y: 1) == .white)
        }
    }

    @Test func `what is broken is an error`() throws {
        let png = try canvas(40, 40).png()
        #expect(throws: PictureError.unreadable(.png)) { try Canvas(decoding: Array(png.prefix(20))) }
        #expect(throws: PictureError.unreadable(.png)) { try Canvas(decoding: Array(png.prefix(60))) }
        #expect(throws: PictureError.unknownFormat) { try Canvas(decoding: Array("<html>".utf8)) }
        #expect(throws: PictureError.unknownFormat) { try Canvas(decoding: []) }
        #expect(throws: PictureError.unreadable(.jpeg)) { try Canvas(decoding: [0xFF, 0xD8, 0xFF, 0xE0]) }
    }

    @Test func `a picture too large to decode is refused by its header`() throws {
        let png = try canvas(40, 40).png()
        #expect(throws: PictureError.tooLarge(PixelSize(width: 40, height: 40))) {
            try Canvas(decoding: png, maximumPixels: 1599)
        }
        #expect(throws: Never.self) { try Canvas(decoding: png, maximumPixels: 1600) }
    }

    @Test(arguments: [(0, 5), (5, 0), (-1, 5), (70_000, 1)])
    func `a size that no picture has is an error`(width: Int, height: Int) {
        #expect(throws: PictureError.cannotCreate(PixelSize(width: width, height: height))) {
            try Canvas(width: width, height: height)
        }
    }

    @Test func `a blank picture has no contrast`() throws {
        let canvas = try canvas(20, 20)
        #expect(canvas.contrast == 0)
        canvas.fillRectangle(x: 3, y: 3, width: 1, height: 1, .color(.black))
        #expect(canvas.contrast == 255)
    }

    @Test func `half a covered pixel is half as dark`() throws {
        let canvas = try canvas(10, 10)
        canvas.fillPolygon([Point(2, 2), Point(5.5, 2), Point(5.5, 6), Point(2, 6)], .color(.black))
        #expect(canvas.color(x: 3, y: 3) == .black)
        #expect(abs(try #require(canvas.color(x: 5, y: 3)).red - 0.5) < 0.01)
        #expect(canvas.color(x: 6, y: 3) == .white)
        #expect(canvas.color(x: 3, y: 6) == .white)
    }

    @Test func `a circle has the area of a circle`() throws {
        let canvas = try canvas(200, 200)
        canvas.fillCircle(center: Point(100, 100), radius: 80, .color(.black))
        var dark = 0.0
        for y in 0..<200 { for x in 0..<200 { dark += 1 - (canvas.color(x: x, y: y)?.red ?? 1) } }
        #expect(abs(dark / (.pi * 6400) - 1) < 0.002)
    }

    @Test func `what lies outside is left out`() throws {
        let canvas = try canvas(10, 10)
        canvas.fillPolygon([Point(-1e6, -1e6), Point(1e6, -1e6), Point(1e6, 1e6), Point(-1e6, 1e6)], .color(.black))
        #expect(canvas.contrast == 0)
        #expect(canvas.color(x: 9, y: 9) == .black)
        canvas.fillRectangle(x: -5, y: 20, width: 100, height: 5, .color(.white))
        canvas.fillRectangle(x: 0, y: -20, width: 5, height: 5, .color(.white))
        canvas.glow(center: Point(-500, -500), radius: 20, .white)
        canvas.fillCircle(center: Point(500, 5), radius: 20, .color(.white))
        #expect(canvas.contrast == 0)
    }

    @Test func `text is as wide as it says`() throws {
        let face = try #require(Typeface.standard)
        let style = TextStyle(face: face, height: 20, color: .black)
        let canvas = try canvas(300, 40)
        canvas.draw("a fox & <b>snow</b>", x: 10, y: 28, style)
        let end = 10 + Int(style.width(of: "a fox & <b>snow</b>"))
        #expect(canvas.contrast > 200)
        #expect(end > 100)
        for x in (end + 2)..<300 { for y in 0..<40 { #expect(canvas.color(x: x, y: y) == .white) } }
        #expect(style.width(of: "") == 0)
        #expect(style.width(of: "&amp;") > style.width(of: "&") * 2)
    }

    @Test func `a font that is not there cannot be used`() {
        #expect(Typeface(path: "/no/such/font.ttf") == nil)
    }

    @Test(arguments: [
        (0.0, 0.0, "000000"), (1.0, 0.0, "ffffff"), (0.628, 0.2577, "ff0000"), (0.5, 0.0, "636363"),
    ])
    func `lightness, chroma and hue make the colours that are known for them`(
        lightness: Double, chroma: Double, hex: String
    ) {
        let packed = Color(lightness: lightness, chroma: chroma, hue: 29.23).packed
        let expected = Int32(hex, radix: 16) ?? 0
        for shift in [0, 8, 16] { #expect(abs((packed >> shift & 255) - (expected >> shift & 255)) <= 2) }
    }
}
