import PromptLanguage
import Testing

@Suite struct DrawTests {
    private func draws(_ text: String, _ wildcards: [String: [String]] = [:], count: Int = 4000) throws -> [String] {
        let expansion = try expansion(of: text, wildcards)
        return (0..<count).map { expansion.drawn(PickSource(seed: (42, UInt64($0)))) { _ in nil } }
    }

    /// These never change: an image drawn once must be drawn again the same.
    @Test(arguments: GoldenDraws.pairs)
    func `a draw is the same on every machine and in every version`(_ text: String, _ drawn: [String]) throws {
        #expect(try draws(text, ["animals": ["fox", "hare", "owl", "lynx"]], count: drawn.count) == drawn)
    }

    @Test func `weights are respected`() throws {
        let drawn = try draws("{3::a|b|0::never}")
        #expect(!drawn.contains("never"))
        #expect((2850...3150).contains(drawn.filter { $0 == "a" }.count))
        let pairs = try draws("{2$$ $$6::a|3::b|c}")
        // 0.6 for the first; b then a is 0.3 · 6/7.
        #expect((2270...2530).contains(pairs.filter { $0.hasPrefix("a") }.count))
        #expect((920...1140).contains(pairs.filter { $0 == "b a" }.count))
    }

    @Test func `bounds are drawn evenly and nothing is taken twice`() throws {
        let drawn = try draws("{1-3$$ $$a|b|c}").map { $0.split(separator: " ") }
        for count in 1...3 { #expect((1200...1470).contains(drawn.filter { $0.count == count }.count)) }
        #expect(drawn.allSatisfy { Set($0).count == $0.count })
    }

    @Test func `an edit elsewhere moves no pick`() throws {
        let before = try draws("{a|b|c} in {red|green|blue}, __w__", ["w": ["x", "y", "z"]], count: 200)
        let after = try draws(
            "an old {a|b|c} {of|from} {1|2} in {red|green|blue}! __w__", ["w": ["x", "y", "z"]], count: 200)
        for (first, second) in zip(before, after) {
            let (old, new) = (first.split(separator: " "), second.split(separator: " "))
            #expect(old[0] == new[2])
            #expect(old[2].dropLast() == new[6].dropLast())
            #expect(old[3] == new[7])
        }
    }

    @Test func `one option more takes its share and moves no other`() throws {
        let before = try draws("__w__", ["w": (0..<9).map { "v\($0)" }])
        let after = try draws("__w__", ["w": (0..<10).map { "v\($0)" }])
        let moved = zip(before, after).filter { $0 != $1 }
        #expect(moved.allSatisfy { $1 == "v9" })
        #expect((320...480).contains(moved.count))
    }

    @Test func `equal choices are drawn apart, and a variable with =! once`() throws {
        let apart = try draws("{a|b|c|d} {a|b|c|d}").filter { $0.prefix(1) == $0.suffix(1) }.count
        #expect((850...1150).contains(apart))
        let again = try draws("${x={a|b|c|d}}${x} ${x}").filter { $0.prefix(1) == $0.suffix(1) }.count
        #expect((850...1150).contains(again))
        #expect(try draws("${x=!{a|b|c|d}}${x} ${x}").allSatisfy { $0.prefix(1) == $0.suffix(1) })
        #expect(Set(try draws("${x=!{a|b|c|d}}${x}")).count == 4)
    }

    @Test func `very many options are drawn evenly too`() throws {
        let options = (0..<2000).map(String.init)
        let drawn = try draws("{5$$ $$__w__}", ["w": options], count: 400).map { $0.split(separator: " ") }
        #expect(drawn.allSatisfy { Set($0).count == 5 })
        #expect(Set(drawn.joined()).count > 1100)
    }

    @Test func `a wildcard named by a choice is drawn as well`() throws {
        let drawn = Set(try draws("__{p|q}__", ["p": ["1"], "q": ["2"]], count: 100))
        #expect(drawn == ["1", "2"])
    }

    @Test func `a turn goes through the options in their order`() throws {
        let expansion = try expansion(of: "{@a|b|c}")
        let texts = (0..<4).map { expansion.drawn(PickSource(seed: (1, 2), turn: $0)) { _ in nil } }
        #expect(texts == ["a", "b", "c", "a"])
    }
}
