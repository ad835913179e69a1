/// Hashes that are the same on every machine.
package enum Mixing {
    /// FNV-1a of 64 bits (Fowler, Noll and Vo).
    @inlinable
    package static func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    @inlinable
    package static func finalized(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// One hash of two; the order matters.
    @inlinable
    package static func mixed(_ first: UInt64, _ second: UInt64) -> UInt64 { finalized(finalized(first) ^ second) }
}
