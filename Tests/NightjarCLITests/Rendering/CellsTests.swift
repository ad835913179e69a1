import NightjarCLI
import Testing

struct CellsTests {
    @Test(
        "text is measured in the cells of a terminal",
        arguments: [
            ("abc", 3), ("é", 1), ("e\u{301}", 1), ("未来", 4), ("한글", 4), ("ﾊﾝｶｸ", 4), ("Ａ", 2), ("🎨", 2), ("⚡", 2),
            ("🇫🇷", 2),
            ("❤\u{FE0F}", 2), ("❤", 1), ("\u{200D}", 0), ("", 0), ("→█…", 3), ("שלום", 4),
        ])
    func width(_ text: String, cells: Int) {
        #expect(Cells.width(of: text) == cells)
    }

    @Test func `text is cut between characters and never takes more cells than there are`() {
        #expect(Cells.cut("abcdef", to: 6) == "abcdef")
        #expect(Cells.cut("abcdef", to: 4) == "abc…")
        #expect(Cells.cut("未来都市", to: 8) == "未来都市")
        #expect(Cells.cut("未来都市", to: 6) == "未来…")
        #expect(Cells.cut("未来都市", to: 5) == "未来…")
        #expect(Cells.cut("abc", to: 0) == "")
        #expect(Cells.cut("abcdef", to: 1, ellipsis: "..") == ".")
    }

    @Test func `a path keeps both its ends`() {
        #expect(Cells.cutMiddle("neon/000619-a-city-7.png", to: 17) == "neon/000…ty-7.png")
        #expect(Cells.cutMiddle("neon/1.png", to: 17) == "neon/1.png")
        #expect(Cells.cutMiddle("neon/000619.png", to: 6) == "neon/…")
    }

    @Test func `text is filled up by cells`() {
        #expect(Cells.padded("未来", to: 6) == "未来  ")
        #expect(Cells.padded("12", to: 4, alignment: .right) == "  12")
        #expect(Cells.padded("long", to: 2) == "long")
    }

    @Test(
        "what could command a terminal is only shown",
        arguments: [
            ("\u{1B}[2J\u{1B}]0;title\u{07}", "␛[2J␛]0;title␇"), ("a\nb\r\nc\td", "a b c d"),
            ("\u{9B}31m", "\u{FFFD}31m"),
            ("abc\u{202E}gpj.exe", "abc\u{FFFD}gpj.exe"), ("\u{7F}\0", "␡␀"), ("夜 e\u{301}", "夜 e\u{301}"),
            ("a\u{2028}b", "a b"),
        ])
    func neutralised(_ hostile: String, shown: String) {
        #expect(Cells.plain(hostile).unicodeScalars.elementsEqual(shown.unicodeScalars))
    }

    @Test func `a character piled up with marks keeps few of them`() {
        let pile = "z" + String(repeating: "\u{0301}", count: 1000)
        #expect(Cells.plain(pile).unicodeScalars.count == 8)
    }
}
