import Foundation
import Testing

@testable import JobsAPI

struct EchoTests {
    private func read(_ json: String) throws -> JobEcho { try JobEcho(json: Data(json.utf8)) }

    @Test(
        arguments: [
            ("42", .integer(42)), ("-1", .integer(-1)), ("0", .integer(0)), ("42.0", .integer(42)),
            ("4.2e1", .integer(42)),
            (#""42""#, .integer(42)), (#""42.0""#, .integer(42)), (#""-7""#, .integer(-7)),
            ("9007199254740993", .integer(9_007_199_254_740_993)),
            ("9007199254740992.0", .integer(9_007_199_254_740_992)),
            ("9007199254740994.0", .number(9_007_199_254_740_994)),
            ("9.007199254740994e15", .number(9_007_199_254_740_994)),
            ("-9007199254740994.0", .number(-9_007_199_254_740_994)),
            ("9007199254740994", .integer(9_007_199_254_740_994)),
            ("4.611686018427388e+18", .number(0x1p62)), (#""9007199254740994.0""#, .number(9_007_199_254_740_994)),
            ("9223372036854775807", .integer(.max)), (#""9223372036854775807""#, .integer(.max)),
            ("9223372036854775806", .integer(.max - 1)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(0x1p63)), (#""9223372036854775808""#, .number(0x1p63)),
            ("18446744073709551615", .number(0x1p64)), ("1.5", .number(1.5)), (#""1.5""#, .number(1.5)),
            ("1e300", .number(1e300)), (#""0x2A""#, .text("0x2A")), (#""inf""#, .text("inf")),
            (#""nan""#, .text("nan")),
            (#""random""#, .text("random")), (#""1e999""#, .text("1e999")), (#""""#, nil), ("null", nil), ("true", nil),
            ("{}", nil), ("[42]", nil),
        ] as [(String, JobEcho.Seed?)])
    func `a seed is read by its spelling`(json: String, seed: JobEcho.Seed?) throws {
        #expect(try read(#"{"result":{"seed":\#(json)}}"#).seed == seed)
        #expect(try read(#"{"seed":\#(json)}"#).seed == seed)
    }

    @Test func `the result's seed goes before the one at the top`() throws {
        #expect(try read(#"{"seed":1,"result":{"seed":2}}"#).seed == .integer(2))
        #expect(try read(#"{"seed":1,"result":{"seed":null,"url":3}}"#).seed == .integer(1))
        #expect(try read(#"{"seed":1,"result":null}"#).seed == .integer(1))
        #expect(try read("{}").seed == nil)
    }

    @Test(
        arguments: [
            (#"{"prompt":"fox"}"#, "fox"), (#"{"request":{"prompt":"fox"}}"#, "fox"),
            (#"{"input":{"prompt":"fox"}}"#, "fox"),
            (#"{"parameters":{"prompt":"fox"}}"#, "fox"), (#"{"result":{"prompt":"fox"}}"#, "fox"),
            (#"{"prompt":"fox","input":{"prompt":"fox"}}"#, "fox"), (#"{"prompt":"","input":{"prompt":"fox"}}"#, "fox"),
            (#"{"prompt":"fox","result":{"prompt":"a better fox"}}"#, nil), (#"{"input":"fox"}"#, nil),
            (#"{"prompt":["fox"]}"#, nil), (#"{"prompt":7,"request":{"prompt":"7"}}"#, "7"), (#"{"prompt":null}"#, nil),
            (#"{"prompt":""}"#, nil), ("{}", nil), (#"{"prompt":"\u00e9","input":{"prompt":"e\u0301"}}"#, nil),
        ] as [(String, String?)])
    func `a prompt is taken where it is echoed, and nowhere if two differ`(json: String, prompt: String?) throws {
        #expect(try read(json).prompt == prompt)
    }

    @Test(
        arguments: [
            ("2026-03-01T02:04:05Z", 1_772_330_645), ("2026-03-01T02:04:05.678Z", 1_772_330_645.678),
            ("2026-03-01t02:04:05z", 1_772_330_645), ("2026-03-01 02:04:05+00:00", 1_772_330_645),
            ("2026-03-01T04:04:05+02:00", 1_772_330_645), ("2026-02-28T21:34:05-04:30", 1_772_330_645),
            ("2024-02-29T00:00:00Z", 1_709_164_800),
        ] as [(String, Double)])
    func `a time may be RFC 3339`(text: String, seconds: Double) {
        #expect(WireTime.seconds(rfc3339: text) == seconds)
    }

    @Test(arguments: [
        "", "2026", "2026-03-01", "2026-03-01T02:04:05", "2026-03-01T02:04:05.Z", "2026-03-01T02:04:05ZZ",
        "2026-13-01T02:04:05Z", "2026-02-29T02:04:05Z", "2026-03-01T25:04:05Z", "2026-03-01T02:04:05+2:00",
        "2026-03-01T02:04:05+24:00", "2026-03-01T02:04:05+02:60", "+026-03-01T02:04:05Z", "2026-03-01T02:04:05.1",
        "2026-03-01T02:04Z", "２026-03-01T02:04:05Z", "2026-03-01T02:04:05+0200",
    ])
    func `what is not RFC 3339 to the letter is no time`(text: String) {
        #expect(WireTime.seconds(rfc3339: text) == nil)
    }
}
