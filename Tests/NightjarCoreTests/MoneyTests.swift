import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("20", 20_000_000, "20.00"), ("20.00", 20_000_000, "20.00"), ("0.0035", 3500, "0.0035"), ("0", 0, "0.00"),
        (" 1.5 ", 1_500_000, "1.50"), ("0.000001", 1, "0.000001"), ("007", 7_000_000, "7.00"),
        ("999999999999.999999", 999_999_999_999_999_999, "999999999999.999999"),
    ])
    func `an amount is read and printed`(text: String, micros: Int64, printed: String) {
        #expect(Money(text) == Money(micros: micros))
        #expect(Money(micros: micros).description == printed)
    }

    @Test(arguments: [
        "", ".", ".5", "5.", "-1", "+1", "1,5", "1e3", "0.0000001", "1000000000000", "1.2.3", "$5", "٣", "1 000",
    ])
    func `what is not an amount is refused`(text: String) {
        #expect(Money(text) == nil)
    }

    @Test func `an amount reads what it prints`() {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<2000 {
            let money = Money(micros: .random(in: 0..<1_000_000_000_000_000_000, using: &random))
            #expect(Money(money.description) == money, "\(random)")
        }
        #expect(Money(micros: -500_000).description == "-0.50")
        #expect(Money(micros: .min).description == "-9223372036854.775808")
    }

    @Test func `sums are exact, and what does not fit is the largest amount`() {
        let price = Money(micros: 3500)
        #expect(price * 1000 == Money(micros: 3_500_000))
        #expect(price + price - price == price)
        #expect(Money(micros: .max) + price == Money(micros: .max))
        #expect(Money(micros: .min) - price == Money(micros: .min))
        #expect(Money(micros: .max / 2) * 3 == Money(micros: .max))
        #expect(Money(micros: .max / 2) * -3 == Money(micros: .min))
    }
}
