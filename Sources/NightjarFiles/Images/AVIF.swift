/// Boxes of an ISO media file, each of which must end within the file (ISO 14496-12).
///
/// The size is the largest `ispe` among the properties: those of the alpha plane, of a thumbnail and of the tiles of a
/// grid are no larger than that of the picture.
func measureAVIF(_ file: inout FileBytes) throws(ImageFlaw) -> ImageSize? {
    var size: ImageSize?
    var hasData = false
    try walkAVIF(&file, from: 0, to: file.count, within: .file) { box, file throws(ImageFlaw) in
        switch box.type {
        case "mdat", "idat": hasData = true
        case "ispe":
            let found = ImageSize(
                width: try file.bigEndian(at: box.start + 4, 4), height: try file.bigEndian(at: box.start + 8, 4))
            let isLarger = size.map { found.area > $0.area } ?? true
            if isLarger { size = found }
        default: break
        }
    }
    return hasData ? size : nil
}

private struct Box {
    var type: String
    /// Of its content.
    var start: Int64
    var end: Int64
}

/// The boxes that lead to the sizes, each known only within the one before it.
private enum Container {
    case file, meta, properties, propertyList

    func inner(_ type: String) -> (container: Container, header: Int64)? {
        switch (self, type) {
        // A full box: a version and flags come first.
        case (.file, "meta"): (.meta, 4)
        case (.meta, "iprp"): (.properties, 0)
        case (.properties, "ipco"): (.propertyList, 0)
        default: nil
        }
    }
}

/// Calls `body` for every box at the top, and for those in the containers.
private func walkAVIF(
    _ file: inout FileBytes, from start: Int64, to end: Int64, within container: Container,
    _ body: (Box, inout FileBytes) throws(ImageFlaw) -> Void
) throws(ImageFlaw) {
    var offset = start
    while offset < end {
        let box = try box(in: &file, at: offset, end: end)
        try body(box, &file)
        if let (inner, header) = container.inner(box.type) {
            try walkAVIF(&file, from: box.start + header, to: box.end, within: inner, body)
        }
        offset = box.end
    }
}

private func box(in file: inout FileBytes, at offset: Int64, end: Int64) throws(ImageFlaw) -> Box {
    let length = try file.bigEndian(at: offset, 4)
    let type = try file.name(at: offset + 4)
    var box = Box(type: type, start: offset + 8, end: offset + Int64(length))
    if length == 0 {
        box.end = end
    } else if length == 1 {
        let high = Int64(try file.bigEndian(at: offset + 8, 4))
        guard high < 1 << 20 else { throw .broken("has a box without end at byte \(offset)") }
        box.start += 8
        box.end = offset + (high << 32) + Int64(try file.bigEndian(at: offset + 12, 4))
    }
    guard box.end >= box.start else { throw .broken("has a box that is too short at byte \(offset)") }
    guard box.end <= end else { throw .broken("is cut off: it ends after \(file.count) bytes") }
    return box
}
