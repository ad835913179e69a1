import NightjarManifest
import NightjarTestSupport
import Testing

struct DiagnosticRendererTests {
    private let diagnostic = Diagnostic(
        file: "spring.yaml", line: 31, column: 9, length: 6, code: "duplicate-id",
        message: "job id `fox-03` is used twice",
        sourceLine: "  - id: fox-03", notes: [Diagnostic.Note("first used here", line: 12, column: 9)],
        hint: "the id is the job's identity; give one of them another")

    @Test func `a diagnostic shows its line, a caret, notes and a hint`() {
        let error = ManifestError(kind: .invalid, file: "spring.yaml", diagnostics: [diagnostic])
        #expect(
            DiagnosticRenderer.text(error, colour: false) == """
                spring.yaml:31:9: error: job id `fox-03` is used twice
                   31 |   - id: fox-03
                      |         ^^^^^^
                spring.yaml:12:9: note: first used here
                hint: the id is the job's identity; give one of them another

                1 error in spring.yaml; nothing was submitted

                """)
    }

    @Test func `errors left out are counted`() {
        let error = ManifestError(kind: .invalid, file: "a.yaml", diagnostics: [diagnostic, diagnostic], omitted: 7)
        let text = DiagnosticRenderer.text(error, colour: false)
        #expect(text.hasSuffix("\n\n7 more errors are not shown\n\n9 errors in a.yaml; nothing was submitted\n"))
    }

    @Test func `colour adds nothing but escapes`() {
        let error = ManifestError(kind: .invalid, file: "spring.yaml", diagnostics: [diagnostic])
        let coloured = DiagnosticRenderer.text(error, colour: true)
        #expect(coloured.contains("\u{1B}[1;31m^^^^^^\u{1B}[0m"))
        #expect(
            coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == DiagnosticRenderer.text(error, colour: false))
    }

    @Test func `what could steer a terminal is taken out`() {
        var hostile = diagnostic
        hostile.sourceLine = "\u{1B}[2J\u{202E}x\u{7F}"
        hostile.message = "\u{1B}[31m"
        hostile.file = "a\nb.yaml"
        hostile.hint = "\r\u{9B}"
        let error = ManifestError(kind: .invalid, file: "a\u{1B}.yaml", diagnostics: [hostile])
        let text = DiagnosticRenderer.text(error, colour: false)
        #expect(
            text.unicodeScalars.allSatisfy { $0 == "\n" || ($0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value)) })
        #expect(!text.unicodeScalars.contains("\u{202E}"))
        #expect(!text.contains("a\nb"))
    }

    @Test func `a diagnostic is one JSON object on one line`() {
        #expect(
            DiagnosticRenderer.json(diagnostic)
                == #"{"severity":"error","file":"spring.yaml","line":31,"column":9,"length":6,"code":"duplicate-id","#
                + #""message":"job id `fox-03` is used twice","source":"  - id: fox-03","source_column":1,"#
                + #""notes":[{"line":12,"column":9,"message":"first used here"}],"#
                + #""hint":"the id is the job's identity; give one of them another"}"#)
        let whole = Diagnostic(file: "a\"\n.yaml", line: 0, column: 0, code: "unreadable", message: "no such file")
        #expect(
            DiagnosticRenderer.json(whole)
                == #"{"severity":"error","file":"a\"\n.yaml","code":"unreadable","message":"no such file","notes":[],"hint":null}"#
        )
    }

    @Test func `places are right after any line end and in any script`() throws {
        for end in ["\n", "\r\n", "\r", "\u{85}", "\u{2028}"] {
            let text = ["version: 1", "name: a", "defaults: {model: m}", "é日: 1", "prompts: ['日 {']"]
            #expect(try mistakes(text.joined(separator: end) + end) == ["4:1 unknown-key", "5:14 prompt"])
        }
    }

    @Test func `a piece of a text with escapes is found in the file`() throws {
        let head = "version: 1\nname: a\ndefaults: {model: m}\nprompts:\n"
        #expect(try mistakes(head + "  - \"\\u00e9 \\\"{x\"\n") == ["5:15 prompt"])
        #expect(try mistakes(head + "  - 'it''s {x'\n") == ["5:12 prompt"])
        #expect(try mistakes(head + "  - | # note\n    one\n    two {three\n") == ["7:9 prompt"])
        #expect(try mistakes(head + "  - one\n    two __x__\n") == ["6:9 prompt"])
        #expect(try mistakes(head + "  - \"\\x7b\"\n") == ["5:5 prompt"])
    }
}
