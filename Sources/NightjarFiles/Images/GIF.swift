/// Blocks up to a trailer (GIF89a, section 27).
func examineGIF(_ file: inout FileBytes) throws(ImageFlaw) -> ImageFacts? {
    let size = ImageSize(width: try file.littleEndian(at: 6, 2), height: try file.littleEndian(at: 8, 2))
    var hasImage = false
    var offset = 13 + colourTableLength(try file.byte(at: 10))
    while true {
        switch try file.byte(at: offset) {
        case 0x21: offset += 2
        case 0x2C:
            hasImage = true
            offset += 11 + colourTableLength(try file.byte(at: offset + 9))
        case 0x3B: return hasImage ? ImageFacts(size: size) : nil
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
