import NightjarManifest
import NightjarTestSupport
import Testing

struct YAMLTreeFileTests {
    private struct Settings: Equatable {
        var concurrency: Int?
        var quiet: Bool?
        var inbox: [String] = []
    }

    private func read(_ text: String) throws -> Settings {
        let folder = try TemporaryFolder()
        let file = YAMLTreeFile(path: try folder.write(text, to: "nightjar.yaml"))
        return try file.read { node, sink in
            guard let reader = MappingReader(node, place: "the configuration", sink: sink) else { return Settings() }
            reader.checkKeys(["concurrency", "quiet", "inbox"])
            return Settings(
                concurrency: reader.integer("concurrency", in: 1...100), quiet: reader.boolean("quiet"),
                inbox: (reader.list("inbox") ?? []).compactMap(\.text))
        }.value
    }

    private func messages(_ text: String) -> [String] {
        let error = #expect(throws: ManifestError.self) { _ = try read(text) }
        return error?.diagnostics.map(\.message) ?? []
    }

    @Test func `values are read by type`() throws {
        #expect(
            try read("concurrency: 8\nquiet: yes\ninbox: [a, b]\n")
                == Settings(concurrency: 8, quiet: true, inbox: ["a", "b"]))
        #expect(try read("inbox: a\nquiet: false") == Settings(quiet: false, inbox: ["a"]))
    }

    @Test func `an empty file is an empty mapping`() throws {
        #expect(try read("") == Settings())
        #expect(try read("# nothing\n") == Settings())
    }

    @Test func `mistakes are told all at once`() {
        #expect(
            messages("concurency: 8\nquiet: 3\nquiet: no\n") == [
                "unknown key `concurency` in the configuration", "`quiet` must be `true` or `false`, got `3`",
                "the key `quiet` is given twice",
            ])
    }

    @Test func `one document is taken`() {
        #expect(messages("quiet: yes\n---\nquiet: no\n") == ["the file must hold one document"])
        #expect(messages("[a]") == ["the configuration must be a mapping of `key: value`, got a list"])
        #expect(messages("a: [b")[0].contains("never closed"))
    }
}
