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
        let own = try folder.write(Self.head + "prompts_from: own.txt\n", to: "inbox/m.yaml")
        #expect(try ManifestFile(path: own, isConfined: true).load()[0].jobCount == 1)
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
