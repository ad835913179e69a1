import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarManifest

struct ListTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m}\n"

    @Test func `prompts come from a text file, one a line`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a fox\r\n\n  a hare \n# not this\n{red|blue} owl", to: "p.txt")
        let batch = try load(Self.head + "prompts: [first]\nprompts_from: p.txt\n", in: folder)[0]
        #expect(try batch.jobs().map(\.prompt) == ["first", "a fox", "a hare", "red owl", "blue owl"])
        #expect(try batch.jobs()[2].place == SourcePlace(file: folder.path("p.txt"), line: 3, column: 3))
    }

    @Test func `under variants none no line of a list is a comment`() throws {
        let folder = try TemporaryFolder()
        try folder.write("# 1 {a|b}\nb\n", to: "p.txt")
        let batch = try load(Self.head + "variants: none\nprompts_from: {file: p.txt}\n", in: folder)[0]
        #expect(try batch.jobs().map(\.prompt) == ["# 1 {a|b}", "b"])
    }

    @Test func `columns are request fields, or variables`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "id,prompt,steps,seed,mood,meta\nx,\"a \"\"wild\"\"\nfox, ${mood}\",30,7,calm,\"{\"\"split\"\": \"\"test\"\"}\"\n,plain,,,,\n",
            to: "p.csv")
        let found = try load(Self.head + "prompts_from: {file: p.csv}\n", in: folder)[0].jobs()
        #expect(found[0].prompt == "a \"wild\"\nfox, calm")
        #expect(found[0].label == "x" && found[0].seed == .manifest(7) && found[0].parameters.steps == 30)
        #expect(found[0].variables == #"{"mood":"calm"}"# && found[0].meta == #"{"split":"test"}"#)
        #expect(found[1].label == nil && found[1].seed == .derived && found[1].variables == #"{"mood":""}"#)
    }

    @Test func `rows of JSON are prompts with all their keys`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            {"prompt": "a \\ud83e\\udd8a \\"x\\" ${mood} \\u00e9 \\/", "id": 12, "mood": "calm", "n": 1.50, "none": null}

            {"prompt":"b","meta":{"k":[1,true]},"variants":"none","width":640,"seed":"server"}
            """, to: "p.jsonl")
        let found = try load(Self.head + "prompts_from: {file: p.jsonl}\n", in: folder)[0].jobs()
        #expect(found[0].prompt == "a 🦊 \"x\" calm é /")
        #expect(found[0].label == "12" && found[0].variables == #"{"mood":"calm","n":"1.50"}"#)
        #expect(found[1].meta == #"{"k":[1,true]}"# && found[1].seed == .server && found[1].parameters.width == 640)
    }

    @Test func `line ends that are not JSON's are characters of a text`() throws {
        let folder = try TemporaryFolder()
        let text = "a \u{2028} b \u{2029} c \u{85} d"
        try folder.write("{\"prompt\": \"\(text)\", \"x\": \"é€\"}\n{\"prompt\": 1,}\n", to: "p.jsonl")
        let error = #expect(throws: ManifestError.self) {
            try load(Self.head + "prompts_from: p.jsonl\n", in: folder)
        }
        #expect(error?.diagnostics.map(\.line) == [2])
        try folder.write("{\"prompt\": \"\(text)\", \"x\": \"é€\"}\n", to: "p.jsonl")
        let found = try load(Self.head + "prompts_from: p.jsonl\n", in: folder)[0].jobs()
        #expect(found.map(\.prompt) == [text])
        #expect(found[0].variables == #"{"x":"é€"}"#)
    }

    @Test func `another column can hold the prompts`() throws {
        let folder = try TemporaryFolder()
        try folder.write("caption,prompt\na fox,old\n", to: "p.csv")
        let found = try load(Self.head + "prompts_from: {file: p.csv, column: caption}\n", in: folder)[0].jobs()
        #expect(found.map(\.prompt) == ["a fox"])
    }

    @Test func `several lists follow one another, in folders too`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a\n", to: "one/p.txt")
        try folder.write("b\n", to: "two/p.txt")
        let found = try load(Self.head + "prompts_from: [one/p.txt, {file: two/p.txt}]\n", in: folder)[0].jobs()
        #expect(found.map(\.prompt) == ["a", "b"])
    }

    @Test func `a confined manifest does not leave its folder`() throws {
        let folder = try TemporaryFolder()
        try folder.write("secret\n", to: "secret.txt")
        try folder.write("a\n", to: "inbox/own.txt")
        try folder.write("w\n", to: "outside/w.txt")
        try folder.link("inbox/link.txt", to: "../secret.txt")
        try folder.link("inbox/wildcards", to: "../outside")
        let lists = ["../secret.txt", "link.txt", folder.path("secret.txt"), "/etc/hostname.txt"]
        for list in lists {
            let manifest = try folder.write(Self.head + "prompts_from: [\"\(list)\"]\n", to: "inbox/m.yaml")
            #expect(throws: ManifestError.self, "\(list)") { try ManifestFile(path: manifest, isConfined: true).load() }
        }
        let wild = try folder.write(Self.head + "prompts: [__w__]\n", to: "inbox/m.yaml")
        #expect(throws: ManifestError.self) { try ManifestFile(path: wild, isConfined: true).load() }
        #expect(try ManifestFile(path: wild).load().count == 1)
        // What it says tells nobody what lies outside.
        try folder.link("inbox/here", to: "../outside")
        try folder.link("inbox/away", to: "../nowhere")
        func words(_ text: String) throws -> String {
            let manifest = try folder.write(Self.head + text, to: "inbox/m.yaml")
            let error = #expect(throws: ManifestError.self, "\(text)") {
                try ManifestFile(path: manifest, isConfined: true).load()
            }
            return error?.diagnostics.map { "\($0.message) \($0.hint ?? "")" }.joined(separator: "\n") ?? ""
        }
        for (there, not) in [
            ("../secret", "../nosuch"), (folder.path("secret"), folder.path("nosuch")), ("here/w", "away/w"),
            ("here/w", "here/v"), ("../outside/w", "../nowhere/w"),
        ] {
            for text in ["prompts_from: [\"NAME.txt\"]\n", "matrix: {a: {file: \"NAME.txt\"}}\nprompts: [a]\n"] {
                let said = try [there, not].map {
                    try words(text.replacing("NAME", with: $0))
                        .replacing(folder.path("secr"), with: folder.path("nosu")).replacing($0, with: "")
                }
                #expect(said[0] == said[1])
                #expect(said[0].contains("leads out"))
            }
        }
        for (there, not) in [("../outside", "../nowhere"), ("here", "away")] {
            let said = try [there, not].map {
                try words("wildcards: \"\($0)\"\nprompts: [__w__]\n").replacing($0, with: "")
            }
            #expect(said[0] == said[1])
        }
        try folder.link("inbox/inside.txt", to: "sub/../own.txt")
        try folder.write("b\n", to: "inbox/sub/other.txt")
        for name in ["inside.txt", "sub/../own.txt", "./own.txt", folder.path("inbox/own.txt")] {
            let manifest = try folder.write(Self.head + "prompts_from: \"\(name)\"\n", to: "inbox/m.yaml")
            #expect(try ManifestFile(path: manifest, isConfined: true).load()[0].jobCount == 1, "\(name)")
        }
        // By bytes, whatever stands behind a `/`; and in no more time than a path of the system's takes.
        let strange = "../\u{301}x.txt"
        try folder.write("secret\n", to: "\u{301}x.txt")
        #expect(try words("prompts_from: \"\(strange)\"\n").contains("leads out"))
        let long = String(repeating: "a/", count: 100_000) + "x.txt"
        #expect(try words("prompts_from: \"\(long)\"\n").contains("too long"))
        let own = try folder.write(Self.head + "prompts_from: own.txt\n", to: "inbox/m.yaml")
        #expect(try ManifestFile(path: own, isConfined: true).load()[0].jobCount == 1)
    }

    @Test(arguments: [
        ("{prompt: a}", 2), ("{'prompt': 'a'}", 2), ("{\"prompt\": a}", 12), ("{\"prompt\": \"a\",}", 16),
        ("{\"prompt\": 'a'}", 12), ("{\"prompt\": \"a\" \"b\"}", 16), ("{\"prompt\" \"a\"}", 11),
        ("{\"prompt\": \"é\", \"steps\": 020}", 26), ("{\"prompt\": \"a\", \"cfg_scale\": .5}", 30),
        ("{\"prompt\": \"a\", \"cfg_scale\": +5}", 30), ("{\"prompt\": \"a\", \"x\": True}", 22),
        ("{\"prompt\": \"a\"} {}", 17), ("{\"prompt\": \"a\"}}", 16), ("{\"prompt\": [\"a\"}", 16),
        ("{\"prompt\": \"a\\x41\"}", 14), ("{\"prompt\": \"a\tb\"}", 14), ("{\"prompt\": \"\\ud83d\"}", 13),
        ("{\"prompt\": \"\\ud83d\\u0041\"}", 13), ("{\"prompt\": \"\\u+041\"}", 13), ("{\"prompt\": \"a}", 12),
        ("{\"prompt\": &a \"a\"}", 12), ("{\"prompt\": !!str \"a\"}", 12), ("{\"prompt\": \"a\" # b}", 16),
        ("{? prompt}", 2), ("{\"prompt\": }", 12), ("{,}", 2), ("{\"prompt\": [,1]}", 13),
    ])
    func `a line of a list that is no JSON is told so`(line: String, column: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write("{\"prompt\": \"first\"}\n\(line)\n", to: "p.jsonl")
        let error = #expect(throws: ManifestError.self) {
            try load(Self.head + "prompts_from: p.jsonl\n", in: folder)
        }
        #expect(error?.diagnostics.map { "\($0.line):\($0.column) \($0.code)" } == ["2:\(column) list"], "\(line)")
    }

    @Test func `whatever JSON allows is read`() throws {
        let folder = try TemporaryFolder()
        let lines = [
            "{\"prompt\":\"a\",\"meta\":{\"a\":[],\"b\":{},\"c\":[1,-0.5e+3,0,true,false,null,\"\"]}}",
            " \t{ \"prompt\" :\t\"\\\"\\\\\\/\\t\\u00e9 \\ud83d\\ude00\" , \"steps\" : 20 }\t ",
        ]
        try folder.write(lines.joined(separator: "\r\n"), to: "p.jsonl")
        let found = try load(Self.head + "prompts_from: p.jsonl\n", in: folder)[0].jobs()
        #expect(found.map(\.prompt) == ["a", "\"\\/\té 😀"])
        #expect(found[0].meta == "{\"a\":[],\"b\":{},\"c\":[1,-0.5e+3,0,true,false,null,\"\"]}")
    }

    @Test func `many rows stream`() throws {
        let folder = try TemporaryFolder()
        try folder.write((0..<50_000).map { "{\"prompt\":\"prompt \($0)\",\"k\":\"\($0)\"}\n" }.joined(), to: "p.jsonl")
        let batch = try load(Self.head + "prompts_from: p.jsonl\n", in: folder)[0]
        #expect(batch.jobCount == 50_000)
        var last = ""
        try batch.expand { last = $0.prompt }
        #expect(last == "prompt 49999")
    }
}
