/// A job's identity within its batch: the first 128 bits of a SHA-256, written as 32 hexadecimal digits.
///
/// What is hashed is decided where manifests are expanded; here the key is only carried, printed and drawn from.
package struct JobKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the first 16 of `bytes`, most significant first.
    /// - Returns: `nil` when there are fewer than 16.
    package init?(bytes: some Sequence<UInt8>) {
        var words: [UInt64] = [0, 0]
        var count = 0
        for byte in bytes.prefix(16) {
            words[count / 8] = words[count / 8] << 8 | UInt64(byte)
            count += 1
        }
        guard count == 16 else { return nil }
        self.init(high: words[0], low: words[1])
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }
    }

    /// 32 lower-case hexadecimal digits.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The key of the job that keeps what was made for this one before its request was changed.
    ///
    /// Each word is mixed by itself, by the finalizer of SplitMix64, so that no two keys have the same one.
    /// - Parameter number: From 0, in the order in which they came to be.
    package func former(_ number: Int) -> JobKey {
        let step = (UInt64(number) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        return JobKey(high: Self.mixed(high &+ step), low: Self.mixed(low ^ step))
    }

    private static func mixed(_ word: UInt64) -> UInt64 {
        var mixed = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    package static func < (left: JobKey, right: JobKey) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The seed that a job without one of its own draws, in 0…2³¹−1.
    ///
    /// The first four draws are disjoint parts of the key, which is uniform already; later ones are mixed from it
    /// (the finalizer of SplitMix64; Steele, Lea and Flood, 2014).
    /// - Parameter draw: 0 for the first draw; the greater of two keys that draw the same seed draws again.
    package func derivedSeed(draw: Int) -> Int64 {
        switch draw {
        case 0: return Int64(high >> 33)
        case 1: return Int64(high & 0x7FFF_FFFF)
        case 2: return Int64(low >> 33)
        case 3: return Int64(low & 0x7FFF_FFFF)
        default:
            return Int64(Self.mixed(high ^ (low &+ UInt64(draw) &* 0x9E37_79B9_7F4A_7C15)) >> 33)
        }
    }
}
