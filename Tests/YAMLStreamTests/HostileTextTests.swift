import Testing
import YAMLStream

struct HostileTextTests {
    @Test(arguments: [
        ([0x61, 0x0A, 0x62, 0x00], 2, 2, "NUL"), ([0x61, 0xE9, 0x20], 1, 2, "0xE9"), ([0x61, 0x80], 1, 2, "0x80"),
        ([0x61, 0xC3], 1, 2, "middle of a UTF-8"), ([0xC0, 0x80], 1, 1, "0xC0"), ([0xED, 0xA0, 0x80], 1, 1, "0xED"),
        ([0xF4, 0x90, 0x80, 0x80], 1, 1, "0xF4"), ([0xFF, 0xFE, 0x61, 0x00], 1, 1, "UTF-16"),
        ([0xFE, 0xFF, 0x00, 0x61], 1, 1, "UTF-16"), ([0x61, 0x1B, 0x5B], 1, 2, "control character 0x1B"),
        ([0x61, 0xC2, 0x80], 1, 2, "U+0080"), ([0x61, 0xEF, 0xBB, 0xBF], 1, 2, "byte order mark"),
    ])
    func `bytes that are no text are an error at their place`(
        bytes: [UInt8], line: Int, column: Int, message: String
    ) throws {
        let error = try #require(events(bytes).error)
        #expect(error.kind == .encoding)
        #expect(error.message.contains(message))
        #expect((error.mark.line, error.mark.column) == (line, column))
    }

    @Test func `what comes before bad bytes is still given`() throws {
        let found = events(Array("a: 1\nb: 2\nc: ".utf8) + [0xFF])
        #expect(found.events.contains { $0.kind == .scalar("2", .plain) })
        #expect(found.error?.kind == .encoding)
    }

    @Test func `a mistake in the syntax comes before bad bytes that follow it`() {
        let found = events(Array("a: b: c\n".utf8) + [0x00])
        #expect(found.error?.kind == .syntax)
    }

    @Test(arguments: ["[", "{a: ", "- ", "? [", "[{"])
    func `nesting without end is refused`(opening: String) {
        let error = events(String(repeating: opening, count: 200_000)).error
        #expect(error?.kind == .limit || error?.kind == .syntax)
    }

    @Test func `64 levels are taken, 65 are not`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(events(nested(64)).error == nil)
        #expect(events(nested(65)).error?.kind == .limit)
    }

    @Test func `a scalar may have a mebibyte and no more`() {
        let longest = String(repeating: "x", count: 1 << 20)
        #expect(events("- \"\(longest)\"").error == nil)
        let error = events("- \"\(longest)x\"").error
        #expect(error?.kind == .limit)
        #expect(error?.mark.column == 3)
    }

    @Test func `libyaml is not fed a scalar without end`() {
        var fed = 0
        var parser = YAMLParser { buffer in
            for place in buffer.indices { buffer[place] = UInt8(ascii: "a") }
            if fed == 0 { buffer[0] = UInt8(ascii: "\"") }
            fed += buffer.count
            return buffer.count
        }
        let error = #expect(throws: YAMLError.self) { while try parser.next() != nil {} }
        #expect(error?.kind == .limit)
        #expect(fed < 17 << 20)
    }

    @Test func `blanks without end are refused`() {
        #expect(events("a: \(String(repeating: " ", count: 5000))b").error?.kind == .limit)
        #expect(events("a:\(String(repeating: "\n", count: 5000)) b").error?.kind == .limit)
        #expect(events("a:\(String(repeating: "\n", count: 1000)) b").error == nil)
    }

    @Test func `directives without end are refused`() {
        let text = (0..<1000).map { "%TAG !a\($0)! tag:x\n" }.joined() + "---\na\n"
        #expect(events(text).error?.kind == .limit)
    }

    @Test func `a long tag is refused`() {
        let text = "%TAG !e! \(String(repeating: "x", count: 5000))\n---\n- !e!a x\n"
        #expect(events(text).error?.kind == .limit)
    }

    @Test(arguments: [
        ("a:\n\tb: 1", 2, 1, "tab"), ("a: \"open\nb: 1", 1, 4, "never closed"), ("a: b: c", 1, 5, "`:`"),
        ("- *mas*ter", 1, 7, "`*` begins an alias"), ("- @x", 1, 3, "`@` cannot begin"),
        ("a: \"\\q\"", 1, 5, "unknown escape"), ("a: [b", 1, 4, "`[` opens here"), ("a: [", 2, 1, "the file ends"),
        ("a: [b] c", 1, 8, "expected a key"),
        ("a: {b ${c}}", 1, 8, "expected `,` or `}`"),
        ("a: 1\n b: 2", 2, 3, "`:`"), ("a: 'x' y", 1, 8, "expected a key"),
    ])
    func `a mistake in the syntax is told in words that help`(
        text: String, line: Int, column: Int, message: String
    ) throws {
        let error = try #require(events(text).error)
        #expect(error.kind == .syntax)
        #expect(error.message.contains(message), "\(error.message)")
        #expect((error.mark.line, error.mark.column) == (line, column))
    }

    @Test func `an error comes again for every later call`() {
        var parser = YAMLParser(bytes: Array("a: [".utf8))
        let first = #expect(throws: YAMLError.self) { while try parser.next() != nil {} }
        let second = #expect(throws: YAMLError.self) { _ = try parser.next() }
        #expect(first == second)
    }

    @Test func `noise of any kind ends, in events or an error`() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("ab:-?[]{}&*!|>'\"%@`#,\n\t \\xu0\u{85}é".unicodeScalars)
        for _ in 0..<2000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                text.unicodeScalars.append(alphabet.randomElement(using: &generator) ?? "a")
            }
            let found = events(text)
            #expect(found.error != nil || found.events.isEmpty || found.events.last?.kind == .documentEnd)
        }
    }
}
