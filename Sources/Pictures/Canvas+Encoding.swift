import CLibGD

extension Canvas {
    /// - Parameter level: 0 (fast, large) … 9 (slow, small).
    package func png(level: Int = 6) throws(PictureError) -> [UInt8] {
        var count: Int32 = 0
        return try Self.take(gdImagePngPtrEx(image, &count, Int32(level)), count, .png)
    }

    /// - Parameter quality: 0…100.
    package func jpeg(quality: Int = 85) throws(PictureError) -> [UInt8] {
        var count: Int32 = 0
        return try Self.take(gdImageJpegPtr(image, &count, Int32(quality)), count, .jpeg)
    }

    /// - Parameter quality: 0…100, or `nil` for the lossless kind.
    package func webp(quality: Int? = 80) throws(PictureError) -> [UInt8] {
        var count: Int32 = 0
        // 101 is libgd's own mark for lossless.
        return try Self.take(gdImageWebpPtrEx(image, &count, Int32(quality ?? 101)), count, .webp)
    }

    /// Copies what libgd has allocated, and frees it.
    private static func take(
        _ pointer: UnsafeMutableRawPointer?, _ count: Int32, _ format: PictureFormat
    ) throws(PictureError) -> [UInt8] {
        guard let pointer else { throw .cannotEncode(format) }
        defer { gdFree(pointer) }
        guard count > 0 else { throw .cannotEncode(format) }
        return [UInt8](UnsafeRawBufferPointer(start: pointer, count: Int(count)))
    }
}
