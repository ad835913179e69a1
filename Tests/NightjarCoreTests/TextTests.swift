import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("30s", 30_000), ("5m", 300_000), ("5min", 300_000), ("8h", 28_800_000), ("2d", 172_800_000), ("250ms", 250),
        ("1h30m", 5_400_000), ("45", 45_000), ("0", 0), ("1.5h", 5_400_000), (" 10s ", 10_000), ("0.5", 500),
        ("1d2h3m4s5ms", 93_784_005),
    ])
    func `a duration is read`(text: String, milliseconds: Int64) {
        #expect(Duration(text: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", " ", "-5s", "s", "5x", "1h30", "0h30", "30 s", "1h 30m", "1.2.3s", ".", "5S", "1e3", "٣s", "10000000000",
        "1000000000d1d", "inf", "0s5",
    ])
    func `what is not a duration is refused`(text: String) {
        #expect(Duration(text: text) == nil)
    }

    @Test func `a duration of a million parts is refused rather than too much`() {
        #expect(Duration(text: String(repeating: "999999999d", count: 1_000_000 / 10)) == nil)
    }

    @Test(arguments: [
        (0, "0 s"), (45_000, "45 s"), (59_600, "1 min"), (200_000, "3 min 20 s"), (120_000, "2 min"),
        (7_500_000, "2 h 05 min"), (3_599_700, "1 h 00 min"), (273_600_000, "3 d 4 h"),
    ])
    func `a duration is spoken in at most two units`(milliseconds: Int64, spoken: String) {
        #expect(Duration.milliseconds(milliseconds).spoken == spoken)
    }

    @Test func `milliseconds and seconds of a duration`() {
        #expect(Duration.microseconds(1_999_999).milliseconds == 1999)
        #expect(Duration.milliseconds(-1500).milliseconds == -1500)
        #expect(Duration.milliseconds(1250).inSeconds == 1.25)
    }

    @Test(arguments: [
        ("0", 0), ("65536", 65536), ("64MiB", 67_108_864), ("1GiB", 1_073_741_824), ("500MB", 500_000_000),
        ("1.5 KiB", 1536), ("2k", 2048), ("1tib", 1_099_511_627_776), ("9007199254740992", 9_007_199_254_740_992),
    ])
    func `a number of bytes is read`(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1 PiB", "9007199254740994", "1e3", "10000TiB", "1..5k", "inf", "nan", "٣k"])
    func `what is not a number of bytes is refused`(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (67_108_864, "64 MiB"),
        (1_048_575, "1 MiB"), (204_700, "200 KiB"), (1_073_741_824, "1 GiB"), (5_000_000_000_000_000, "4547 TiB"),
    ])
    func `a number of bytes is printed`(bytes: Int64, printed: String) {
        #expect(ByteCount(bytes: bytes).description == printed)
    }

    @Test(arguments: [
        ("promt", "prompt"), ("negative-prompt", "negative_prompt"), ("SEED", "seed"), ("stpes", "steps"),
        ("cfgscale", "cfg_scale"), ("sede", "seed"), ("smapler", "sampler"),
    ])
    func `a name that is near is suggested`(name: String, meant: String) {
        let known = ["prompt", "negative_prompt", "seed", "seeds", "steps", "cfg_scale", "sampler", "model"]
        #expect(nearest(to: name, among: known) == meant)
    }

    @Test(arguments: ["banana", "sxxd", "p", "", String(repeating: "prompt", count: 1000)])
    func `a name that is far is not suggested`(name: String) {
        #expect(nearest(to: name, among: ["prompt", "seed", "steps"]) == nil)
    }

    @Test func `of two names as near the first is suggested`() {
        #expect(nearest(to: "seen", among: ["seed", "seek"]) == "seed")
        #expect(nearest(to: "seek", among: ["seed", "seek"]) == "seek")
        #expect(nearest(to: "seed", among: []) == nil)
    }

    @Test func `blanks are trimmed at the ends alone`() {
        #expect(" \t a b\n\r\n".trimmed() == "a b")
        #expect(" \n ".trimmed() == "")
        #expect("".trimmed() == "")
    }
}
