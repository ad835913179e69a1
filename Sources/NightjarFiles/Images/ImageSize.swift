/// Width and height of an image in pixels, both at least 1.
struct ImageSize: Equatable {
    var width: Int
    var height: Int

    var area: Double { Double(width) * Double(height) }
}

extension ImageFormat {
    /// Walks through the file from part to part, to its end: what was cut off on its way does not pass.
    /// - Returns: The size that its header gives.
    func measure(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize {
        let size =
            switch self {
            case .png: try measurePNG(&file)
            case .jpeg: try measureJPEG(&file)
            case .webp: try measureWebP(&file)
            case .gif: try measureGIF(&file)
            case .avif: try measureAVIF(&file)
            }
        guard let size else { throw .broken("has no picture in it") }
        guard size.width > 0, size.height > 0 else {
            throw .broken("gives its size as \(size.width)×\(size.height) px")
        }
        return size
    }
}

/// Chunks of length, type, data and checksum; the first is IHDR, the last IEND (PNG, third edition, section 5).
private func measurePNG(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize? {
    guard try file.name(at: 12) == "IHDR" else { throw .broken("does not begin with a header") }
    let size = ImageSize(width: try file.bigEndian(at: 16, 4), height: try file.bigEndian(at: 20, 4))
    var hasData = false
    var offset: Int64 = 8
    while true {
        let length = try file.bigEndian(at: offset, 4)
        let type = try file.name(at: offset + 4)
        offset += 12 + Int64(length)
        // The checksum's last byte must be there.
        _ = try file.byte(at: offset - 1)
        if type == "IDAT" { hasData = true }
        if type == "IEND" { return hasData ? size : nil }
    }
}

/// Segments between markers; the size stands in SOFn, the end is EOI (ITU T.81, annex B).
private func measureJPEG(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize? {
    var size: ImageSize?
    var hasData = false
    var offset: Int64 = 2
    while true {
        // Between segments, and within the data of a scan, everything but a marker is skipped.
        offset = try file.position(of: 0xFF, from: offset) + 1
        let marker = try file.byte(at: offset)
        switch marker {
        case 0xFF: continue
        case 0x00, 0x01, 0xD0...0xD8: offset += 1
        case 0xD9: return hasData ? size : nil
        default:
            let length = try file.bigEndian(at: offset + 1, 2)
            if marker == 0xDA { hasData = true }
            if (0xC0...0xCF).contains(marker), ![0xC4, 0xC8, 0xCC].contains(marker) {
                size = ImageSize(
                    width: try file.bigEndian(at: offset + 6, 2), height: try file.bigEndian(at: offset + 4, 2))
            }
            offset += 1 + Int64(max(length, 2))
        }
    }
}

/// One RIFF file with a chunk `VP8 `, `VP8L` or `VP8X` in front (RFC 9649).
private func measureWebP(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize? {
    let length = Int64(try file.littleEndian(at: 4, 4)) + 8
    guard length <= file.count else { throw .broken("is cut off: \(file.count) of \(length) bytes") }
    guard file.count <= length + 1 else { throw .broken("has \(file.count) bytes instead of \(length)") }
    switch try file.name(at: 12) {
    case "VP8 ":
        guard try file.bytes(at: 23, 3).elementsEqual([0x9D, 0x01, 0x2A]) else { return nil }
        return ImageSize(
            width: try file.littleEndian(at: 26, 2) & 0x3FFF, height: try file.littleEndian(at: 28, 2) & 0x3FFF)
    case "VP8L":
        guard try file.byte(at: 20) == 0x2F else { return nil }
        let bits = try file.littleEndian(at: 21, 4)
        return ImageSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
    case "VP8X":
        return ImageSize(
            width: try file.littleEndian(at: 24, 3) + 1, height: try file.littleEndian(at: 27, 3) + 1)
    default: return nil
    }
}

/// Blocks up to a trailer (GIF89a, section 27).
private func measureGIF(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize? {
    let size = ImageSize(width: try file.littleEndian(at: 6, 2), height: try file.littleEndian(at: 8, 2))
    var hasImage = false
    var offset = 13 + colourTableLength(try file.byte(at: 10))
    while true {
        switch try file.byte(at: offset) {
        case 0x21: offset += 2
        case 0x2C:
            hasImage = true
            offset += 11 + colourTableLength(try file.byte(at: offset + 9))
        case 0x3B: return hasImage ? size : nil
        default: throw .broken("has an unknown block at byte \(offset)")
        }
        while true {
            let length = try file.byte(at: offset)
            offset += 1 + Int64(length)
            if length == 0 { break }
        }
    }
}

private func colourTableLength(_ flags: UInt8) -> Int64 {
    flags & 0x80 == 0 ? 0 : 3 << (Int64(flags & 7) + 1)
}
