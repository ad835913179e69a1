import NightjarTestSupport
import Testing
import YAMLStream

/// All events of a text, and the error that ended it.
func events(_ text: String, limits: YAMLLimits = YAMLLimits()) -> (events: [YAMLEvent], error: YAMLError?) {
    events(Array(text.utf8), limits: limits)
}

func events(_ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) -> (events: [YAMLEvent], error: YAMLError?) {
    var parser = YAMLParser(bytes: bytes, limits: limits)
    var found: [YAMLEvent] = []
    do {
        while let event = try parser.next() { found.append(event) }
    } catch {
        return (found, error)
    }
    return (found, nil)
}

/// The same, with bare scalars taken as they lie in the parser, and the text given in pieces.
private func eventsTakingScalars(
    _ bytes: [UInt8], piece: Int, limits: YAMLLimits
) -> (events: [YAMLEvent], error: YAMLError?) {
    var position = 0
    var parser = YAMLParser(limits: limits) { buffer in
        let count = min(buffer.count, bytes.count - position, piece)
        buffer.copyBytes(from: bytes[position..<(position + count)])
        position += count
        return count
    }
    var found: [YAMLEvent] = []
    do {
        while let event = try parser.next(takingScalars: { text, style, start, end in
            let text = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
            found.append(YAMLEvent(kind: .scalar(text, style), start: start, end: end))
        }) {
            found.append(event)
        }
    } catch {
        return (found, error as? YAMLError)
    }
    return (found, nil)
}

struct YAMLEventTests {
    @Test func `scalars may be taken without a string, and the text may come in pieces`() {
        var random = SeededGenerator()
        print(random)
        let pieces =
            [
                "a", "word", "some longer text without an end", " ", "          ", "\n", "\r\n", "\r", "\t", "- ", ": ",
                "&x ",
                "*x", "!!str ", "'", "\"", "[", "]", ", ", "# comment", "\\0", "\\u00e9", "é", "日本", "\u{85}",
                "\u{2028}", "%T\n",
                "\u{7F}", "\u{1B}", "\u{0}", "|\n  ", "---\n",
            ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xE6, 0x97]]
        var limits = YAMLLimits()
        limits.blanks = 24
        limits.directives = 2
        var scalars = 0
        var errors = 0
        for _ in 0..<400 {
            // Lists of texts, mostly: what cannot stand in one comes seldom.
            let common = Int.random(in: 4...pieces.count, using: &random)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                bytes += Array("- ".utf8)
                for _ in 0..<Int.random(in: 0..<6, using: &random) {
                    bytes += pieces[Int.random(in: 0..<common, using: &random)]
                }
                bytes.append(0x0A)
            }
            let expected = events(bytes, limits: limits)
            for piece in [1, 7, 8, 13, bytes.count + 1] {
                let found = eventsTakingScalars(bytes, piece: piece, limits: limits)
                let isSame = found.events == expected.events && found.error == expected.error
                #expect(isSame, "\(piece) \(random) \(bytes)")
            }
            scalars += expected.events.count { if case .scalar = $0.kind { true } else { false } }
            errors += expected.error == nil ? 0 : 1
        }
        #expect(scalars > 300 && errors > 50, "\(scalars) \(errors)")
    }

    @Test func `what is thrown while a scalar is taken ends nothing`() throws {
        struct Stop: Error {}
        var parser = YAMLParser(bytes: Array("[a, b]".utf8))
        #expect(throws: Stop.self) {
            while try parser.next(takingScalars: { _, _, _, _ in throw Stop() }) != nil {}
        }
        #expect(try parser.next()?.kind == .scalar("b", .plain))
    }

    @Test func `a mapping comes as its start, its keys and values, and its end`() {
        let kinds = events("a: 1\nb: [x, 'y']\n").events.map(\.kind)
        #expect(
            kinds == [
                .documentStart, .mappingStart, .scalar("a", .plain), .scalar("1", .plain), .scalar("b", .plain),
                .sequenceStart, .scalar("x", .plain), .scalar("y", .singleQuoted), .sequenceEnd, .mappingEnd,
                .documentEnd,
            ])
    }

    @Test(arguments: [
        ("plain", "plain", YAMLScalarStyle.plain), ("'it''s'", "it's", .singleQuoted),
        ("\"a\\tb\\u00e9\"", "a\tbé", .doubleQuoted), ("|\n  one\n  two\n", "one\ntwo\n", .literal),
        (">-\n  one\n  two\n", "one two", .folded), ("yes", "yes", .plain), ("", "", .plain),
    ])
    func `a scalar says how it is written`(text: String, value: String, style: YAMLScalarStyle) {
        let found = events("k: \(text)").events
        #expect(found.count == 6)
        #expect(found[3].kind == .scalar(value, style))
    }

    @Test func `anchors, aliases and tags are in the events`() {
        let found = events("a: &x !!str 1\nb: *x\n").events
        #expect(found[3].anchor == "x")
        #expect(found[3].tag == "tag:yaml.org,2002:str")
        #expect(found[5].kind == .alias("x"))
    }

    @Test func `marks count lines and Unicode scalars from 1`() {
        let found = events("é: 1\r\n\"日本\": two words # comment\r\n").events
        #expect(found[3].start == YAMLMark(line: 1, column: 4, offset: 3))
        #expect(found[4].start == YAMLMark(line: 2, column: 1, offset: 6))
        #expect(found[4].end == YAMLMark(line: 2, column: 5, offset: 10))
        #expect(found[5].start.column == 7)
        #expect(found[5].end.column == 16)
    }

    @Test func `a byte order mark is passed over`() {
        let found = events([0xEF, 0xBB, 0xBF] + Array("a: 1".utf8))
        #expect(found.error == nil)
        #expect(found.events[2].start == YAMLMark(line: 1, column: 1, offset: 0))
        #expect(events([0xEF, 0xBB, 0xBF]).events.isEmpty)
    }

    @Test func `several documents follow each other`() {
        let kinds = events("---\na\n---\nb\n...\n").events.map(\.kind)
        #expect(kinds.count { $0 == .documentStart } == 2)
        #expect(kinds.count { $0 == .documentEnd } == 2)
    }

    @Test func `bytes may come one at a time`() throws {
        let bytes = [0xEF, 0xBB, 0xBF] + Array("k: \"日本 ü\"\nl: [1, 2]\n".utf8)
        var position = 0
        var parser = YAMLParser { buffer in
            guard position < bytes.count else { return 0 }
            buffer[0] = bytes[position]
            position += 1
            return 1
        }
        var kinds: [YAMLEvent.Kind] = []
        while let event = try parser.next() { kinds.append(event.kind) }
        #expect(kinds == events(bytes).events.map(\.kind))
        #expect(kinds.contains(.scalar("日本 ü", .doubleQuoted)))
    }

    @Test func `an empty text has no events`() {
        #expect(events("").events.isEmpty)
        #expect(events("# only a comment\n").events.isEmpty)
    }

    @Test func `after the end there is nothing more`() throws {
        var parser = YAMLParser(bytes: Array("a".utf8))
        while try parser.next() != nil {}
        #expect(try parser.next() == nil)
    }
}
