import PromptLanguage
import Testing

@Suite struct CombinationTests {
    @Test func `the n-th combination of very many is made at once`() throws {
        let text = String(repeating: "{a|b|c|d|e|f|g|h|i|j}", count: 40)
        let expansion = try expansion(of: text)
        #expect(expansion.count.description == "1" + String(repeating: "0", count: 40))
        #expect(expansion.text(at: expansion.count - .one) { _ in nil } == String(repeating: "j", count: 40))
        let middle = BigNatural(0x1p64) ?? .zero
        let digits = expansion.text(at: middle) { _ in nil }.unicodeScalars.map { String($0.value - 97) }.joined()
        #expect(digits == String(repeating: "0", count: 20) + middle.description)
    }

    @Test func `choices of several are numbered without a gap`() throws {
        // Too many to be compared, of different sizes, and all different.
        let options = (0..<9).map { option in
            "{" + (0...option % 3).map { "\(option)-\($0)" }.joined(separator: "|") + "}"
        }
        for bound in ["3", "1-4", "0-2"] {
            let expansion = try expansion(of: "{\(bound)$$ $$\(options.joined(separator: "|"))}")
            let count = try #require(expansion.count.exactInt)
            let texts = (0..<count).map { expansion.text(at: $0) { _ in nil } }
            #expect(Set(texts).count == count)
        }
        // 3! times the third elementary symmetric sum of 1, 2, 3, 1, 2, 3, 1, 2, 3.
        let sizes = (0..<9).map { 1 + $0 % 3 }
        var sum = 0
        for a in 0..<9 { for b in 0..<a { for c in 0..<b { sum += sizes[a] * sizes[b] * sizes[c] } } }
        #expect(try expansion(of: "{3$$ $$\(options.joined(separator: "|"))}").count == BigNatural(6 * sum))
    }

    @Test func `a large choice comes in the order of a small one`() throws {
        let many = (0..<60).map { "\($0)" }
        let expansion = try expansion(of: "{3$$ $$__w__}", ["w": many])
        #expect(expansion.count == BigNatural(60 * 59 * 58))
        let sorted = many.sorted()
        #expect(expansion.text(at: 0) { _ in nil } == sorted[0...2].joined(separator: " "))
        #expect(
            expansion.text(at: 58 * 59 + 58) { _ in nil } == [sorted[1], sorted[2], sorted[0]].joined(separator: " "))
    }

    @Test func `a sign draws or goes round without more combinations`() throws {
        let drawn = try expansion(of: "{a|b} {~x|y|z}")
        #expect(drawn.count == 2)
        #expect(drawn.text(at: 0) { _ in nil } == drawn.text(at: 0) { _ in nil })
        let round = try expanded("{a|b|c|d} {@x|y|z}")
        #expect(round == ["a x", "b y", "c z", "d x"])
        let spread = try expanded("{" + (0..<300).map(String.init).joined(separator: "|") + "}-{~x|y|z}")
        for letter in ["x", "y", "z"] { #expect(spread.filter { $0.hasSuffix(letter) }.count > 60) }
    }

    @Test func `an impossible choice has no combination`() throws {
        #expect(try expansion(of: "a {2$$b|b}").count.isZero)
        #expect(try expansion(of: "{2$$b|b}").drawn(PickSource(seed: (1, 2))) { _ in nil } == "b,b")
    }
}

@Suite struct HostileTests {
    @Test(arguments: [
        "{", "}", "{}", "__", "___", "|", "{|", "${", "$", "%{", "%", "__a(", "__a(x=", "/*", "//", "#", "# \n", "{#\n",
        "/**/", "{/*", "{a|b}", "{2$$", "{2$$a$$", "{1::", "__a__", "__{a}__", "${a}", "${a:", "${a=", "${a=b}", "$$",
        "{__", "__{", " \n", "{ ", "_ ", "é", "{a", "a}", "{\n//", "%{a$$", "%{a", "(", ")", "__a{b}",
    ])
    func `much of anything ends in bounded time`(_ piece: String) {
        let text = String(repeating: piece, count: (1 << 15) / piece.utf8.count)
        let clock = ContinuousClock()
        var outcome = ""
        let time = clock.measure { outcome = result(of: text) }
        // Far more than it takes, since tests are built without optimisation; quadratic time would be hours.
        #expect(time < .seconds(60), "\(outcome)")
    }

    private func result(of text: String) -> String {
        do {
            let expansion = try expansion(of: text, ["a": ["x"]], ["a": "y"])
            let first = expansion.count.isZero ? "" : expansion.text(at: 0) { _ in "" }
            return "\(first.utf8.count) \(expansion.drawn(PickSource(seed: (1, 1))) { _ in "" }.utf8.count)"
        } catch {
            return "\(error.kind)"
        }
    }

    @Test func `nesting has a limit`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "{a|", count: depth) + String(repeating: "}", count: depth)
        }
        #expect(failure(nested(99)) == nil)
        #expect(failure(nested(101))?.kind == .tooDeep)
        #expect(failure(String(repeating: "a", count: 1 << 20) + "{b}")?.kind == .tooLarge)
    }

    @Test func `wildcards that lead ever deeper have a limit`() {
        let chain = Dictionary(uniqueKeysWithValues: (0..<500).map { ("w\($0)", ["__w\($0 + 1)__"]) })
        #expect(failure("__w0__", chain)?.kind == .tooDeep)
    }

    @Test func `doubling variables end in an error, not in a full memory`() {
        let text = "${v0=aaaaaaaaaa}" + (1...60).map { "${v\($0)=${v\($0 - 1)}${v\($0 - 1)}}" }.joined() + "${v60}"
        #expect(failure(text)?.kind == .tooLarge)
    }

    @Test func `doubling choices are only counted`() throws {
        let text = "${v0={a|b}}" + (1...12).map { "${v\($0)=${v\($0 - 1)}${v\($0 - 1)}}" }.joined() + "${v12}"
        let expansion = try expansion(of: text)
        #expect(expansion.count == (0..<4096).reduce(BigNatural.one) { count, _ in count * 2 })
        #expect(expansion.text(at: expansion.count - .one) { _ in nil } == String(repeating: "b", count: 4096))
    }

    @Test func `taking too many at once is refused`() {
        let options = (0..<3000).map(String.init).joined(separator: "|")
        #expect(failure("{1500$$\(options)}")?.kind == .tooLarge)
    }
}
