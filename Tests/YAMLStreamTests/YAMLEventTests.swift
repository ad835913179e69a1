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

struct YAMLEventTests {
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
