/// Numbers that look random and are the same on every machine, for draws.
enum Mixing {
    /// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014).
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    static func mix(_ first: UInt64, _ second: UInt64) -> UInt64 {
        mix(first ^ mix(second &+ 0x9E37_79B9_7F4A_7C15))
    }

    /// FNV-1a over the bytes, finished by `mix`.
    static func hash(_ text: String, seed: UInt64 = 0) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ seed
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return mix(hash)
    }

    /// In (0, 1], from the upper 53 bits.
    static func unit(_ value: UInt64) -> Double { (Double(value >> 11) + 1) * 0x1p-53 }
}
