import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct JSONLineTests {
    @Test func `fields keep their order and their types`() {
        var inner = JSONWriter()
        inner.add("kind", "lost")
        var line = JSONWriter()
        line.add("z", "text")
        line.add("a", 7)
        line.add("none", nil as String?)
        line.add("big", Int64.max)
        line.add("flag", true)
        line.add("half", 0.5)
        line.add("broken", Double.nan)
        line.add("spent", Money(micros: 1_250_001))
        line.add("time", RenderingSample.start)
        line.add("error", inner)
        line.add("list", [inner, JSONWriter()])
        #expect(
            line.text == """
                {"z":"text","a":7,"none":null,"big":9223372036854775807,"flag":true,"half":0.5,"broken":null,\
                "spent":1.250001,"time":"2026-03-01T02:04:05.000Z","error":{"kind":"lost"},"list":[{"kind":"lost"},{}]}
                """)
    }

    @Test(
        "every text survives, and none commands a terminal",
        arguments: [
            "plain", "\"quoted\" \\ back", "line\nfeed\r\ttab", "\u{0}\u{1B}[31m\u{7F}\u{85}\u{9B}",
            "夜 🎨 \u{202E}x\u{2028}",
            "e\u{301}",
        ])
    func roundTrip(_ text: String) throws {
        var line = JSONWriter()
        line.add("text", text)
        #expect(line.text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        #expect(!line.text.unicodeScalars.contains("\u{202E}"))
        let parsed = try JSONDecoder().decode([String: String].self, from: Data(line.text.utf8))
        #expect(parsed["text"].map { Array($0.unicodeScalars) } == Array(text.unicodeScalars))
    }
}
