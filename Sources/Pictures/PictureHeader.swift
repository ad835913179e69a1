/// The formats that are told apart by their first bytes.
package enum PictureFormat: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    case png = "PNG"
    case jpeg = "JPEG"
    case webp = "WebP"
    case gif = "GIF"

    package var description: String { rawValue }

    package var mediaType: String {
        switch self {
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        case .webp: "image/webp"
        case .gif: "image/gif"
        }
    }

    /// Of a file's name, without the dot.
    package var fileExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        case .webp: "webp"
        case .gif: "gif"
        }
    }
}

/// What the first bytes of a file say: format and size, without decoding anything.
package struct PictureHeader: Hashable, Sendable {
    package var format: PictureFormat
    package var size: PixelSize

    /// - Parameter bytes: The whole file, or as much of its beginning as there is.
    /// - Returns: `nil` when this is no picture, or its size does not stand in `bytes`.
    package init?(_ bytes: [UInt8]) {
        let reader = Reader(bytes: bytes)
        guard let format = PictureHeader.format(of: bytes), let size = reader.size(format), size.width > 0,
            size.height > 0
        else { return nil }
        self.format = format
        self.size = size
    }

    package static func format(of bytes: [UInt8]) -> PictureFormat? {
        if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.starts(with: Array("GIF8".utf8)) { return .gif }
        if bytes.starts(with: Array("RIFF".utf8)), bytes.dropFirst(8).starts(with: Array("WEBP".utf8)) { return .webp }
        return nil
    }
}

private struct Reader {
    let bytes: [UInt8]

    func size(_ format: PictureFormat) -> PixelSize? {
        switch format {
        case .png: size(big(16, 4), big(20, 4))
        case .gif: size(little(6, 2), little(8, 2))
        case .jpeg: jpegSize()
        case .webp: webpSize()
        }
    }

    /// Looks for the frame header (SOF0…SOF15 without DHT, JPG and DAC), segment by segment.
    private func jpegSize() -> PixelSize? {
        var position = 2
        while let lead = big(position, 1), lead == 0xFF, let marker = big(position + 1, 1) {
            if marker == 0xFF {
                position += 1
            } else if (0xC0...0xCF).contains(marker), marker != 0xC4, marker != 0xC8, marker != 0xCC {
                return size(big(position + 7, 2), big(position + 5, 2))
            } else if let length = big(position + 2, 2), length >= 2 {
                position += 2 + length
            } else {
                return nil
            }
        }
        return nil
    }

    private func webpSize() -> PixelSize? {
        switch bytes.dropFirst(12).prefix(4) {
        case Array("VP8 ".utf8)[...]:
            return size(little(26, 2).map { $0 & 0x3FFF }, little(28, 2).map { $0 & 0x3FFF })
        case Array("VP8L".utf8)[...]:
            guard let bits = little(21, 4) else { return nil }
            return size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
        case Array("VP8X".utf8)[...]:
            return size(little(24, 3).map { $0 + 1 }, little(27, 3).map { $0 + 1 })
        default:
            return nil
        }
    }

    private func size(_ width: Int?, _ height: Int?) -> PixelSize? {
        guard let width, let height else { return nil }
        return PixelSize(width: width, height: height)
    }

    private func big(_ start: Int, _ count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        return bytes[start..<(start + count)].reduce(0) { $0 << 8 | Int($1) }
    }

    private func little(_ start: Int, _ count: Int) -> Int? {
        guard start + count <= bytes.count else { return nil }
        return bytes[start..<(start + count)].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
