/// Checks chunk by chunk: length, type, data and checksum; IHDR first, then PLTE if there is one, the IDATs in a row, and
/// IEND (PNG, third edition, section 5). What stands after IEND is left alone, as image viewers do.
func examinePNG(_ file: inout FileBytes) throws(ImageFlaw) -> ImageFacts? {
    guard let first = try PNGChunk.next(in: &file, at: PNGChunk.signatureLength) else {
        throw .broken("is cut off: it ends after \(file.count) bytes")
    }
    guard first.type == "IHDR" else { throw first.unexpected("the header `IHDR`") }
    let header = try PNGHeader(first, &file)
    var order = PNGOrder(needsPalette: header.colourType == 3)
    var pixelBytes: Int64 = 0
    var chunk = first
    while true {
        try chunk.checkSum(&file)
        try order.take(chunk)
        if chunk.type == "IDAT" { pixelBytes += chunk.length }
        if chunk.type == "IEND" { break }
        guard let next = try PNGChunk.next(in: &file, at: chunk.end) else {
            throw .broken("is cut off: it ends at byte \(chunk.end), where another chunk was expected")
        }
        chunk = next
    }
    guard pixelBytes > 0 else { return nil }
    // One colour takes 0.007 bytes a pixel or less with zlib's usual effort (libgd, 512² and 1024² px); with its least,
    // 0.017, it goes unnoticed.
    return ImageFacts(size: header.size, mayBeBlank: Double(pixelBytes) < header.size.area * 3 / 500 + 256)
}

/// What a picture's decoder needs of a PNG. Text and profiles, which a decoder would unpack whatever their length, are
/// left out.
func essentialPNG(_ file: inout FileBytes) throws(ImageFlaw) -> [UInt8] {
    var bytes = Array(try file.bytes(at: 0, Int(PNGChunk.signatureLength)))
    var offset = PNGChunk.signatureLength
    while let chunk = try PNGChunk.next(in: &file, at: offset) {
        if chunk.isCritical || (chunk.type == "tRNS" && chunk.length <= 256) {
            try file.forEachPiece(of: chunk.start..<chunk.end) { bytes.append(contentsOf: $0) }
        }
        if chunk.type == "IEND" { break }
        offset = chunk.end
    }
    return bytes
}

/// One chunk, by its place in the file.
struct PNGChunk {
    static let signatureLength: Int64 = 8

    var type: String
    /// Of its length field.
    var start: Int64
    /// Of its data, in bytes.
    var length: Int64

    /// After its checksum.
    var end: Int64 { start + 12 + length }

    /// A decoder must know it; the others may be skipped.
    var isCritical: Bool { type.utf8.first.map { $0 & 0x20 == 0 } ?? false }

    var description: String { "the chunk `\(type)` at byte \(start)" }

    /// - Returns: `nil` at the end of the file.
    /// - Throws: `broken` when it does not end within the file, or cannot be a chunk.
    static func next(in file: inout FileBytes, at offset: Int64) throws(ImageFlaw) -> PNGChunk? {
        if offset >= file.count { return nil }
        guard offset + 8 <= file.count else { throw .broken("is cut off: it ends after \(file.count) bytes") }
        let length = try file.bigEndian(at: offset, 4)
        let letters = try file.bytes(at: offset + 4, 4)
        guard letters.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
            throw .broken("is damaged: at byte \(offset + 4) the four letters of a chunk's type were expected")
        }
        let chunk = PNGChunk(type: String(decoding: letters, as: UTF8.self), start: offset, length: Int64(length))
        guard chunk.length < 1 << 31 else {
            throw .broken("is damaged: \(chunk.description) claims \(length) bytes, more than a chunk may have")
        }
        guard chunk.end <= file.count else {
            throw .broken(
                "is cut off: it ends after \(file.count) bytes, but \(chunk.description) goes on to byte \(chunk.end)")
        }
        return chunk
    }

    func checkSum(_ file: inout FileBytes) throws(ImageFlaw) {
        var checksum = Checksum()
        try file.forEachPiece(of: (start + 4)..<(end - 4)) { checksum.add($0) }
        let stored = UInt32(try file.bigEndian(at: end - 4, 4))
        guard checksum.value == stored else {
            throw .broken(
                "is damaged: \(description) has the checksum \(hexadecimal(checksum.value)) instead of "
                    + hexadecimal(stored))
        }
    }

    func unexpected(_ expected: String) -> ImageFlaw {
        .broken("is damaged: \(description) stands where \(expected) was expected")
    }
}

/// The fields of IHDR.
private struct PNGHeader {
    var size: ImageSize
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    var colourType: Int

    init(_ chunk: PNGChunk, _ file: inout FileBytes) throws(ImageFlaw) {
        guard chunk.length == 13 else {
            throw .broken("is damaged: \(chunk.description) has \(chunk.length) bytes instead of 13")
        }
        let data = Array(try file.bytes(at: chunk.start + 8, 13))
        func number(_ place: Int) -> Int { data[place..<(place + 4)].reduce(0) { $0 << 8 | Int($1) } }
        size = ImageSize(width: number(0), height: number(4))
        let depth = Int(data[8])
        colourType = Int(data[9])
        let depths: [Int] =
            switch colourType {
            case 0: [1, 2, 4, 8, 16]
            case 2, 4, 6: [8, 16]
            case 3: [1, 2, 4, 8]
            default: []
            }
        guard depths.contains(depth), data[10] == 0, data[11] == 0, data[12] <= 1 else {
            throw .broken("has a header that no PNG has: colour type \(colourType) with \(depth) bits a sample")
        }
        guard size.width < 1 << 31, size.height < 1 << 31 else {
            throw .broken("gives its size as \(size.width)×\(size.height) px")
        }
    }
}

/// Which chunk may come after which.
private struct PNGOrder {
    let needsPalette: Bool
    private var last = ""
    private var seen: Set<String> = []

    init(needsPalette: Bool) {
        self.needsPalette = needsPalette
    }

    mutating func take(_ chunk: PNGChunk) throws(ImageFlaw) {
        let type = chunk.type
        switch type {
        case "IHDR": if !seen.isEmpty { throw chunk.unexpected("no second header") }
        case "PLTE":
            guard chunk.length % 3 == 0, (3...768).contains(chunk.length) else {
                throw .broken(
                    "is damaged: \(chunk.description) has \(chunk.length) bytes, which are no 1 to 256 colours")
            }
            if seen.contains("PLTE") { throw chunk.unexpected("no second palette") }
            if seen.contains("IDAT") { throw chunk.unexpected("no palette after the pixels") }
        case "IDAT":
            if seen.contains("IDAT"), last != "IDAT" { throw chunk.unexpected("no second run of pixels") }
            if needsPalette, !seen.contains("PLTE") { throw chunk.unexpected("the palette `PLTE`") }
        case "IEND": break
        default: if chunk.isCritical { throw chunk.unexpected("a chunk that PNG knows") }
        }
        last = type
        // The others come in any number; what is kept does not grow with the file.
        if chunk.isCritical { seen.insert(type) }
    }
}
