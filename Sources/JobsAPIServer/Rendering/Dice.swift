/// Numbers that look random and follow from a seed alone.
/// - Note: Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators" (SplitMix64), 2014.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of `range`.
    mutating func number(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + Double(next() >> 11) * 0x1p-53 * (range.upperBound - range.lowerBound)
    }

    mutating func whole(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// `true` in `share` of all cases.
    mutating func hit(_ share: Double) -> Bool {
        number(0...1) < share
    }
}

/// A smooth random curve over the whole line, between 0 and 1.
struct Noise {
    private let seed: UInt64

    init(dice: inout Dice) {
        seed = dice.next()
    }

    /// The sum of `octaves` curves, each twice as fine and half as high as the one before.
    func value(_ x: Double, octaves: Int) -> Double {
        var sum = 0.0
        var height = 0.5
        var place = x
        for octave in 0..<octaves {
            sum += height * smooth(place, octave)
            height /= 2
            place *= 2.03
        }
        return sum / (1 - height * 2)
    }

    private func smooth(_ x: Double, _ octave: Int) -> Double {
        let floor = x.rounded(.down)
        let share = x - floor
        let eased = share * share * (3 - 2 * share)
        return level(Int(floor), octave) * (1 - eased) + level(Int(floor) + 1, octave) * eased
    }

    private func level(_ step: Int, _ octave: Int) -> Double {
        var dice = Dice(seed: seed &+ UInt64(bitPattern: Int64(step)) &* 0xD6E8_FEB8_6659_FD93 &+ UInt64(octave) << 56)
        return dice.number(0...1)
    }
}
