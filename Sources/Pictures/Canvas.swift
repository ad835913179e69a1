import CLibGD

/// A picture in memory, in true colour. Not for use from two tasks at once.
///
/// What is drawn is drawn over what is there; a picture that was decoded with transparency keeps it where nothing is drawn.
package final class Canvas {
    let image: UnsafeMutablePointer<gdImage>
    package let size: PixelSize

    /// A black picture.
    package init(width: Int, height: Int) throws(PictureError) {
        size = PixelSize(width: width, height: height)
        guard (1...65_535).contains(width), (1...65_535).contains(height),
            let image = gdImageCreateTrueColor(Int32(width), Int32(height))
        else { throw .cannotCreate(size) }
        self.image = image
    }

    /// Decodes a PNG, JPEG, WebP or GIF (its first frame).
    /// - Parameter maximumPixels: A larger picture is refused before anything is decoded.
    package init(decoding bytes: [UInt8], maximumPixels: Int = 1 << 26) throws(PictureError) {
        guard let format = PictureHeader.format(of: bytes), let count = Int32(exactly: bytes.count) else {
            throw .unknownFormat
        }
        guard let header = PictureHeader(bytes) else { throw .unreadable(format) }
        guard header.size.width * header.size.height <= maximumPixels else { throw .tooLarge(header.size) }
        Self.quiet
        let decoded = bytes.withUnsafeBytes { buffer in
            // libgd takes its input without `const`, and only reads it.
            let data = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            return switch format {
            case .png: gdImageCreateFromPngPtr(count, data)
            case .jpeg: gdImageCreateFromJpegPtr(count, data)
            case .webp: gdImageCreateFromWebpPtr(count, data)
            case .gif: gdImageCreateFromGifPtr(count, data)
            }
        }
        guard let image = decoded else { throw .unreadable(format) }
        size = PixelSize(width: Int(image.pointee.sx), height: Int(image.pointee.sy))
        self.image = image
        if image.pointee.trueColor == 0, gdImagePaletteToTrueColor(image) == 0 { throw .cannotCreate(size) }
        gdImageSaveAlpha(image, 1)
    }

    deinit {
        gdImageDestroy(image)
    }

    /// libgd writes what it thinks of a broken file to standard error, which is not its to write to.
    private static let quiet: Void = gdSetErrorMethod { _, _, _ in }

    /// The same picture at another size.
    package func scaled(to target: PixelSize) throws(PictureError) -> Canvas {
        let copy = try Canvas(width: target.width, height: target.height)
        gdImageAlphaBlending(copy.image, 0)
        gdImageSaveAlpha(copy.image, 1)
        gdImageCopyResampled(
            copy.image, image, 0, 0, 0, 0, Int32(target.width), Int32(target.height), Int32(size.width),
            Int32(size.height))
        gdImageAlphaBlending(copy.image, 1)
        return copy
    }

    /// The colour of a pixel; `nil` outside.
    package func color(x: Int, y: Int) -> Color? {
        guard (0..<size.width).contains(x), (0..<size.height).contains(y), let row = row(y) else { return nil }
        let packed = row[x]
        return Color(
            red: Double(packed >> 16 & 255) / 255, green: Double(packed >> 8 & 255) / 255,
            blue: Double(packed & 255) / 255, alpha: Double(127 - (packed >> 24 & 127)) / 127)
    }

    /// The greatest difference between two pixels in red, green or blue: 0 (all the same) … 255.
    package var contrast: Int {
        var least = (red: Int32(255), green: Int32(255), blue: Int32(255))
        var most = (red: Int32(0), green: Int32(0), blue: Int32(0))
        for y in 0..<size.height {
            guard let row = row(y) else { continue }
            for x in 0..<size.width {
                let packed = row[x]
                least = (
                    min(least.red, packed >> 16 & 255), min(least.green, packed >> 8 & 255),
                    min(least.blue, packed & 255)
                )
                most = (
                    max(most.red, packed >> 16 & 255), max(most.green, packed >> 8 & 255), max(most.blue, packed & 255)
                )
            }
        }
        return Int(max(most.red - least.red, most.green - least.green, most.blue - least.blue))
    }

    /// The pixels of row `y`, packed as `Color.packed`. Valid as long as the canvas.
    func row(_ y: Int) -> UnsafeMutablePointer<Int32>? {
        image.pointee.tpixels[y]
    }
}
