extension Canvas {
    /// Whether all pixels have one colour, or none is to be seen at all.
    /// - Parameter levels: How far apart two pixels may be in red, green, blue and (on libgd's scale of 128 levels) alpha.
    package func isUniform(within levels: Int) -> Bool {
        var seen = Extremes()
        for y in 0..<size.height {
            guard let row = row(y) else { continue }
            seen.add(row, count: size.width)
            if !seen.isInvisible, seen.spread > levels { return false }
        }
        return true
    }
}

/// The least and the greatest value of each channel.
private struct Extremes {
    private var least = SIMD4<Int32>(repeating: 255)
    private var most = SIMD4<Int32>(repeating: 0)

    var spread: Int { Int((most &- least).max()) }

    /// Whether every pixel is wholly transparent; then its colour does not matter.
    var isInvisible: Bool { least.w == 127 }

    mutating func add(_ pixels: UnsafePointer<Int32>, count: Int) {
        // Any other than the first, so that the first counts.
        var last = pixels[0] ^ 1
        for column in 0..<count where pixels[column] != last {
            last = pixels[column]
            let channels = SIMD4(last >> 16 & 255, last >> 8 & 255, last & 255, last >> 24 & 127)
            least = pointwiseMin(least, channels)
            most = pointwiseMax(most, channels)
        }
    }
}
