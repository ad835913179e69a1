/// Segments between markers, up to EOI: a frame (SOFn), then scans, each with its data (ITU T.81, annex B). What stands
/// after EOI is left alone, as image viewers do.
func examineJPEG(_ file: inout FileBytes) throws(ImageFlaw) -> ImageFacts? {
    var size: ImageSize?
    var pixelBytes: Int64 = 0
    var scans = 0
    var offset: Int64 = 2
    while true {
        let segment = try JPEGSegment.next(in: &file, at: offset)
        offset = segment.end
        switch segment.marker {
        case 0xD9:
            guard let size, pixelBytes > 0 else { return nil }
            // One colour takes a 64th of a byte a pixel, and a 35th where colours are not thinned out; few files have
            // more than a dozen scans, and each costs a pass over all pixels.
            return ImageFacts(
                size: size, mayBeBlank: Double(pixelBytes) <= size.area / 24 + 256 && scans <= 64)
        case 0xDA:
            guard size != nil else { throw segment.flaw("a scan without a frame before it") }
            scans += 1
            offset = try endOfScan(in: &file, from: segment.end)
            pixelBytes += offset - segment.end
        case 0xC0...0xC3, 0xC5...0xC7, 0xC9...0xCB, 0xCD...0xCF:
            guard size == nil else { throw segment.flaw("a second frame") }
            size = try frameSize(of: segment, &file)
        default: break
        }
    }
}

private struct JPEGSegment {
    /// 0xD9 for EOI, which has no content.
    var marker: UInt8
    /// Of the marker.
    var start: Int64
    var end: Int64

    /// - Parameter offset: Of the 0xFF before the marker, of which there may be several.
    static func next(in file: inout FileBytes, at offset: Int64) throws(ImageFlaw) -> JPEGSegment {
        var start = offset
        guard try file.byte(at: start) == 0xFF else {
            throw .broken("is damaged: at byte \(start) a marker was expected")
        }
        while try file.byte(at: start) == 0xFF { start += 1 }
        var segment = JPEGSegment(marker: try file.byte(at: start), start: start - 1, end: start + 1)
        switch segment.marker {
        case 0xD9: return segment
        case 0x00, 0x01, 0xD0...0xD8: throw segment.flaw("a marker that cannot stand there")
        default: break
        }
        let length = try file.bigEndian(at: start + 1, 2)
        guard length >= 2 else { throw segment.flaw("a segment of \(length) bytes") }
        segment.end = start + 1 + Int64(length)
        guard segment.end <= file.count else {
            throw .broken(
                "is cut off: it ends after \(file.count) bytes, but \(segment.name) goes on to byte \(segment.end)")
        }
        return segment
    }

    var name: String { "the segment ff\(String(marker, radix: 16)) at byte \(start)" }

    func flaw(_ what: String) -> ImageFlaw {
        .broken("is damaged: \(name) is \(what)")
    }
}

private func frameSize(of segment: JPEGSegment, _ file: inout FileBytes) throws(ImageFlaw) -> ImageSize {
    // Length, bits a sample, height, width, the number of components, and three bytes for each.
    guard segment.end - segment.start >= 13 else { throw segment.flaw("a frame without components") }
    let components = Int64(try file.byte(at: segment.start + 9))
    guard components > 0, segment.end == segment.start + 10 + 3 * components else {
        throw segment.flaw("a frame of \(components) components with another length")
    }
    return ImageSize(
        width: try file.bigEndian(at: segment.start + 7, 2), height: try file.bigEndian(at: segment.start + 5, 2))
}

/// Where the data of a scan ends: at a marker that is neither a stuffed byte nor a restart.
private func endOfScan(in file: inout FileBytes, from offset: Int64) throws(ImageFlaw) -> Int64 {
    var offset = offset
    while true {
        offset = try file.position(of: 0xFF, from: offset)
        switch try file.byte(at: offset + 1) {
        case 0x00, 0xD0...0xD7: offset += 2
        case 0xFF: offset += 1
        default: return offset
        }
    }
}
