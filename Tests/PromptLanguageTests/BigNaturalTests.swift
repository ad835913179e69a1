import PromptLanguage
import Testing

@Suite struct BigNaturalTests {
    @Test func `dividing and multiplying back gives the number again`() {
        var numbers = Numbers(state: 7)
        for _ in 0..<2000 {
            let first = random(1 + Int(numbers.next() % 6), &numbers)
            let second = random(1 + Int(numbers.next() % 4), &numbers) + .one
            let (quotient, remainder) = first.quotientAndRemainder(dividingBy: second)
            #expect(remainder < second)
            #expect(quotient * second + remainder == first)
            #expect((first + second) - second == first)
            #expect(first * second == second * first)
        }
    }

    /// Limbs of nothing but ones or zeroes are where a carry goes wrong.
    private func random(_ limbs: Int, _ numbers: inout Numbers) -> BigNatural {
        var value = BigNatural.zero
        let base = BigNatural(UInt64.max) + .one
        for _ in 0..<limbs {
            let limb: UInt64 =
                switch numbers.next() % 4 {
                case 0: .max
                case 1: 0
                case 2: 1 << 63
                case _: numbers.next()
                }
            value = value * base + BigNatural(limb)
        }
        return value
    }

    @Test func `a factorial is written in decimal`() {
        let factorial = (1...30).reduce(BigNatural.one) { $0 * BigNatural($1) }
        #expect(factorial.description == "265252859812191058636308480000000")
        #expect(BigNatural.zero.description == "0")
        #expect((BigNatural(UInt64.max) + .one).description == "18446744073709551616")
        #expect(
            (BigNatural(1_000_000_000_000_000_000) * BigNatural(1_000_000_000_000_000_000)).description
                == "1" + String(repeating: "0", count: 36))
    }

    @Test func `it is turned into other numbers and back`() {
        #expect(BigNatural(0.0) == .zero)
        #expect(BigNatural(-1.0) == nil)
        #expect(BigNatural(Double.nan) == nil)
        #expect(BigNatural(3.9) == 3)
        #expect(BigNatural(0x1p100)?.approximated == 0x1p100)
        #expect(BigNatural(0x1p100)?.exactUInt64 == nil)
        #expect(BigNatural(UInt64.max).exactUInt64 == .max)
        #expect(BigNatural(UInt64.max).exactInt == nil)
        #expect(BigNatural(5).approximated == 5)
        #expect(BigNatural(5) < BigNatural(0x1p70) ?? .zero)
    }
}
