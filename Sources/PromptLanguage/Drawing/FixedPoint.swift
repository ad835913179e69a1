/// Logarithms that are the same on every machine, which those of the system need not be.
package enum FixedPoint {
    /// -log2 of (hash + 1) / 2^64, made of whole numbers alone; exact to 40 bits behind the point.
    package static func negativeLogarithm(_ hash: UInt64) -> Double {
        let (value, overflow) = hash.addingReportingOverflow(1)
        if overflow { return 0 }
        let shift = value.leadingZeroBitCount
        // A mantissa in [1, 2), with 63 bits behind the point; squaring it doubles its logarithm.
        var mantissa = value << shift
        var fraction: UInt64 = 0
        for _ in 0..<40 {
            let square = mantissa.multipliedFullWidth(by: mantissa).high
            fraction <<= 1
            if square >> 63 == 1 {
                fraction |= 1
                mantissa = square
            } else {
                mantissa = square << 1
            }
        }
        let logarithm = UInt64(63 - shift) << 40 | fraction
        return Double((64 << 40) - logarithm)
    }
}
