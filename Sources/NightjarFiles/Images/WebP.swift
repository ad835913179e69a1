/// One RIFF file whose length is the file's, of chunks that fill it: `VP8 ` or `VP8L`, or `VP8X` and then, among others,
/// one of these or the frames of an animation (RFC 9649).
func examineWebP(_ file: inout FileBytes) throws(ImageFlaw) -> ImageFacts? {
    let length = Int64(try file.littleEndian(at: 4, 4)) + 8
    guard length <= file.count else { throw .broken("is cut off: \(file.count) of \(length) bytes") }
    // A last chunk of odd length has a byte of padding that some writers leave out of the count.
    guard file.count == length || (file.count == length + 1 && length % 2 == 1) else {
        throw .broken("has \(file.count) bytes instead of the \(length) that its header gives")
    }
    var canvas: ImageSize?
    var picture: ImageSize?
    var hasFrames = false
    var pixelBytes: Int64 = 0
    var offset: Int64 = 12
    while offset < length {
        let chunk = try RIFFChunk(in: &file, at: offset, end: length)
        switch chunk.type {
        case "VP8X":
            guard offset == 12, chunk.length >= 10 else { throw chunk.flaw("a header out of place") }
            canvas = ImageSize(
                width: try file.littleEndian(at: chunk.data + 4, 3) + 1,
                height: try file.littleEndian(at: chunk.data + 7, 3) + 1)
        case "VP8 ", "VP8L":
            guard canvas != nil || offset == 12 else { throw chunk.flaw("a picture without a header before it") }
            guard picture == nil else { throw chunk.flaw("a second picture") }
            picture = try chunk.type == "VP8L" ? losslessSize(of: chunk, &file) : lossySize(of: chunk, &file)
            pixelBytes += chunk.length
        case "ALPH": pixelBytes += chunk.length
        case "ANMF": hasFrames = true
        default:
            guard offset > 12 else { throw chunk.flaw("no picture and no header") }
        }
        offset = chunk.end
    }
    if hasFrames { return canvas.map { ImageFacts(size: $0) } }
    guard let picture else { return nil }
    if let canvas, canvas != picture {
        throw .broken(
            "is damaged: its header says \(canvas.width)×\(canvas.height) px, its picture "
                + "\(picture.width)×\(picture.height) px")
    }
    // One colour takes a 500th of a byte a pixel when lossy, and hardly a hundred bytes when not.
    return ImageFacts(size: picture, mayBeBlank: Double(pixelBytes) <= picture.area / 200 + 256)
}

private struct RIFFChunk {
    var type: String
    var start: Int64
    var length: Int64

    var data: Int64 { start + 8 }
    /// With its padding.
    var end: Int64 { data + length + length % 2 }

    /// - Parameter end: Of what holds it.
    init(in file: inout FileBytes, at offset: Int64, end limit: Int64) throws(ImageFlaw) {
        guard offset + 8 <= limit else {
            throw .broken("is damaged: at byte \(offset) a chunk begins that has no room before byte \(limit)")
        }
        let letters = try file.bytes(at: offset, 4)
        guard letters.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .broken("is damaged: at byte \(offset) the four letters of a chunk's type were expected")
        }
        type = String(decoding: letters, as: UTF8.self)
        start = offset
        length = Int64(try file.littleEndian(at: offset + 4, 4))
        guard data + length <= limit else {
            throw .broken(
                "is damaged: the chunk `\(type)` at byte \(start) goes on to byte \(data + length), beyond byte "
                    + "\(limit), where the file ends")
        }
    }

    func flaw(_ what: String) -> ImageFlaw {
        .broken("is damaged: the chunk `\(type)` at byte \(start) is \(what)")
    }
}

/// A frame's tag, whose first part must fit into the chunk, its start code and its size (RFC 6386, section 9.1).
private func lossySize(of chunk: RIFFChunk, _ file: inout FileBytes) throws(ImageFlaw) -> ImageSize {
    guard chunk.length > 10 else { throw chunk.flaw("too short for a picture") }
    let tag = try file.littleEndian(at: chunk.data, 3)
    guard tag & 1 == 0, try file.bytes(at: chunk.data + 3, 3).elementsEqual([0x9D, 0x01, 0x2A]) else {
        throw chunk.flaw("not the beginning of a picture")
    }
    guard 10 + Int64(tag >> 5) <= chunk.length else { throw chunk.flaw("shorter than its first part") }
    return ImageSize(
        width: try file.littleEndian(at: chunk.data + 6, 2) & 0x3FFF,
        height: try file.littleEndian(at: chunk.data + 8, 2) & 0x3FFF)
}

private func losslessSize(of chunk: RIFFChunk, _ file: inout FileBytes) throws(ImageFlaw) -> ImageSize {
    guard chunk.length > 5, try file.byte(at: chunk.data) == 0x2F else {
        throw chunk.flaw("not the beginning of a picture")
    }
    let bits = try file.littleEndian(at: chunk.data + 1, 4)
    return ImageSize(width: (bits & 0x3FFF) + 1, height: (bits >> 14 & 0x3FFF) + 1)
}
