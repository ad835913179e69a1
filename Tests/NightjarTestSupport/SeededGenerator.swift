import Foundation

/// Random numbers that come again: a test that draws from them says its seed, and takes one from the environment
/// (`NIGHTJAR_TEST_SEED`).
///
/// SplitMix64 (Steele, Lea and Flood, 2014).
package struct SeededGenerator: RandomNumberGenerator, CustomStringConvertible {
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64? = nil) {
        let wanted = ProcessInfo.processInfo.environment["NIGHTJAR_TEST_SEED"].flatMap { UInt64($0) }
        self.seed = seed ?? wanted ?? UInt64.random(in: 0...UInt64(UInt32.max))
        state = self.seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// For the comment of an expectation.
    package var description: String { "NIGHTJAR_TEST_SEED=\(seed)" }
}
