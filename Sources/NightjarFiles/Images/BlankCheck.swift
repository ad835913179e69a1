internal import Pictures
internal import Synchronization

/// Tells images of one colour from others, by decoding those that are suspiciously small.
///
/// What a decoder needs is bounded by what is decoded: at most `mostPixels`, one image at a time (some 300 MB for a
/// progressive JPEG of that size), and of a PNG nothing but its pixels. What is larger, cannot be decoded, or is a GIF
/// or an AVIF counts as an image: a GIF may move, and an AVIF's header does not bound what its decoder allocates.
final class BlankCheck: Sendable {
    /// 5792² px.
    static let mostPixels = 1 << 25
    /// A file that has few bytes of pixels, but more of other things than this, is not decoded.
    private static let mostBytes: Int64 = 8 << 20

    private let oneAtATime = Mutex(())

    /// - Parameter facts: What `examine` has found in the file.
    func isBlank(_ format: ImageFormat, _ facts: ImageFacts, _ file: inout FileBytes) throws(ImageFlaw) -> Bool {
        guard facts.mayBeBlank, facts.size.area <= Double(Self.mostPixels) else { return false }
        let bytes: [UInt8]
        let spread: Int
        switch format {
        case .png: (bytes, spread) = (try essentialPNG(&file), 0)
        case .jpeg, .webp:
            guard file.count <= Self.mostBytes else { return false }
            // Their decoders may be off by a level or two from one block to the next.
            (bytes, spread) = (try file.wholeFile(), 2)
        case .gif, .avif: return false
        }
        return oneAtATime.withLock { _ in
            let canvas = try? Canvas(decoding: bytes, maximumPixels: Self.mostPixels)
            return canvas?.isUniform(within: spread) ?? false
        }
    }
}

extension FileBytes {
    fileprivate mutating func wholeFile() throws(ImageFlaw) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(count))
        try forEachPiece(of: 0..<count) { bytes.append(contentsOf: $0) }
        return bytes
    }
}
