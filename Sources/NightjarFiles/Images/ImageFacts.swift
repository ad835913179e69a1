/// Width and height of an image in pixels, both at least 1.
struct ImageSize: Equatable {
    var width: Int
    var height: Int

    var area: Double { Double(width) * Double(height) }
}

/// What an image's structure tells, without its pixels being decoded.
struct ImageFacts: Equatable {
    var size: ImageSize
    /// Whether so few bytes hold the pixels that all of them may have one colour. `false` too where that is not looked
    /// at. Text, profiles and other things beside the pixels do not count.
    var mayBeBlank = false
}

extension ImageFormat {
    /// Walks through the file from part to part, to its end: what was cut off or changed on its way does not pass.
    ///
    /// A PNG's checksums are compared. The other formats have none: there, every part must end where the next one begins.
    func examine(_ file: inout FileBytes) throws(ImageFlaw) -> ImageFacts {
        let facts =
            switch self {
            case .png: try examinePNG(&file)
            case .jpeg: try examineJPEG(&file)
            case .webp: try examineWebP(&file)
            case .gif: try examineGIF(&file)
            case .avif: try measureAVIF(&file).map { ImageFacts(size: $0) }
            }
        guard let facts else { throw .broken("has no picture in it") }
        guard facts.size.width > 0, facts.size.height > 0 else {
            throw .broken("gives its size as \(facts.size.width)×\(facts.size.height) px")
        }
        return facts
    }
}
