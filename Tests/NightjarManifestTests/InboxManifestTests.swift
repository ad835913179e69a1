import NightjarManifest
import NightjarTestSupport
import Testing

/// What an inbox asks of a manifest.
@Suite struct InboxManifestTests {
    private static let head = "version: 1\nname: a\ndefaults: {model: m}\n"

    private static func load(_ text: String, in folder: TemporaryFolder) throws -> ManifestFile {
        let path = try folder.write(head + text, to: "in/.accepted/m-2.yaml")
        let lists = ManifestFolder(path: folder.path("in"), isConfined: true, shown: ".")
        let file = ManifestFile(named: "m.yaml", at: path, folder: lists)
        _ = try file.load()
        return file
    }

    @Test(arguments: [
        ("prompts_from: no.txt\n", true),
        ("matrix: {s: {file: no.txt}}\nprompts: [\"a ${s}\"]\n", true),
        ("prompts: [a __no__, b __no/deep__]\n", true),
        ("wildcards: no\nprompts: [a __no__]\n", true),
        ("prompts: [a __no__, \"{a\"]\n", false),
        ("prompts_from: no.txt\nprompt: [a]\n", false),
        ("prompts_from: ../no.txt\n", false),
        ("prompts_from: [no.txt, empty.txt]\n", false),
        ("prompts: []\n", false),
    ])
    func `files that are to come are told from mistakes`(text: String, lacksOnlyFiles: Bool) throws {
        let folder = try TemporaryFolder()
        try folder.write("\n", to: "in/empty.txt")
        let error = try #require(
            #expect(throws: ManifestError.self, "\(text)") { _ = try Self.load(text, in: folder) })
        #expect(error.lacksOnlyFiles == lacksOnlyFiles, "\(DiagnosticRenderer.text(error, colour: false))")
    }

    @Test func `a manifest and its lists are told by the names that their owner knows`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a {b\n", to: "in/list.txt")
        let error = try #require(
            #expect(throws: ManifestError.self) {
                _ = try Self.load("prompts_from: list.txt\nodd: 1\n", in: folder)
            })
        #expect(
            DiagnosticRenderer.text(error, colour: false) == """
                m.yaml:5:1: error: unknown key `odd` at the top of the manifest
                    5 | odd: 1
                      | ^^^
                hint: known are version, name, defaults, prompts, prompts_from, matrix, exclude, seeds, sample, variants, \
                wildcards, output, limits, schedule, retry

                list.txt:1:3: error: `{` is not closed
                    1 | a {b
                      |   ^
                hint: close it with `}`, or write `variants: none` to take the text as it stands

                2 errors in m.yaml; nothing was submitted

                """)
    }

    @Test func `it tells which files it has read`() throws {
        let folder = try TemporaryFolder()
        for name in ["lists/p.txt", "s.txt", "words/light.txt", "words/deep/x.txt", "words/unused.txt", "other.txt"] {
            try folder.write("one\ntwo\n", to: "in/\(name)")
        }
        let file = try Self.load(
            """
            wildcards: words
            matrix: {s: {file: ./s.txt}}
            prompts_from: lists/p.txt
            prompts: ["${s}, __light__ __deep/*__"]
            """, in: folder)
        let references = file.references
        #expect(references.files.keys.sorted() == ["./s.txt", "lists/p.txt", "words/deep/x.txt", "words/light.txt"])
        #expect(references.files["./s.txt"]?.hasSuffix("/in/s.txt") == true)
        #expect(references.folders == ["words"])
    }
}
