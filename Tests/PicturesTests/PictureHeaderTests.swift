import Testing

@testable import Pictures

struct PictureHeaderTests {
    @Test func `a PNG tells its size`() throws {
        let bytes = try Canvas(width: 321, height: 77).png()
        #expect(PictureHeader(bytes)?.format == .png)
        #expect(PictureHeader(bytes)?.size == PixelSize(width: 321, height: 77))
        #expect(PictureHeader(Array(bytes.prefix(23))) == nil)
    }

    @Test func `a JPEG tells its size behind its other segments`() throws {
        let bytes = try Canvas(width: 321, height: 77).jpeg()
        #expect(PictureHeader(bytes)?.format == .jpeg)
        #expect(PictureHeader(bytes)?.size == PixelSize(width: 321, height: 77))
        #expect(PictureHeader(Array(bytes.prefix(30))) == nil)
    }

    @Test(arguments: [
        (Array("GIF89a".utf8) + [0x40, 0x01, 0x20, 0x00], PictureFormat.gif, PixelSize(width: 320, height: 32)),
        (
            Array("RIFF....WEBPVP8 ....".utf8) + [0, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0x20, 0x00], .webp,
            PixelSize(width: 320, height: 32)
        ),
        (
            Array("RIFF....WEBPVP8L....".utf8) + [0x2F, 0x3F, 0xC1, 0x07, 0x00], .webp,
            PixelSize(width: 320, height: 32)
        ),
        (
            Array("RIFF....WEBPVP8X....".utf8) + [0, 0, 0, 0, 0x3F, 0x01, 0x00, 0x1F, 0x00, 0x00], .webp,
            PixelSize(width: 320, height: 32)
        ),
    ])
    func `GIF and WebP tell theirs`(bytes: [UInt8], format: PictureFormat, size: PixelSize) {
        #expect(PictureHeader(bytes)?.format == format)
        #expect(PictureHeader(bytes)?.size == size)
        for length in 0..<bytes.count { #expect(PictureHeader(Array(bytes.prefix(length))) == nil) }
    }

    @Test func `what is no picture has no format`() {
        for text in ["", "<!doctype html>", "RIFF....WAVE", "GIF", "{\"error\":1}"] {
            #expect(PictureHeader.format(of: Array(text.utf8)) == nil)
        }
    }

    @Test func `a picture of no size is none`() {
        #expect(PictureHeader(Array("GIF89a".utf8) + [0, 0, 5, 0]) == nil)
    }
}
