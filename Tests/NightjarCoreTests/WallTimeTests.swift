import Foundation
import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_772_330_645_678, "2026-03-01T02:04:05.678Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z"),
    ])
    func `a moment is written in RFC 3339`(milliseconds: Int64, text: String) {
        #expect(WallTime(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func `what is written is what Foundation reads`() throws {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<2000 {
            let time = WallTime(milliseconds: .random(in: -2_000_000_000_000...250_000_000_000_000, using: &random))
            let read = try Date(time.rfc3339, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
            #expect(abs(read.timeIntervalSince1970 - Double(time.milliseconds) / 1000) < 0.002, "\(random)")
        }
    }

    @Test func `even the last moment can be written`() {
        #expect(WallTime(milliseconds: .max).rfc3339.hasSuffix("T07:12:55.807Z"))
        #expect(WallTime(milliseconds: .min).rfc3339.hasSuffix("T16:47:04.192Z"))
    }

    @Test func `moments and durations add up`() {
        let time = WallTime(milliseconds: 1000)
        #expect(time + .milliseconds(250) == WallTime(milliseconds: 1250))
        #expect(time - WallTime(milliseconds: 1500) == .milliseconds(-500))
        #expect(time < time + .milliseconds(1))
    }
}
