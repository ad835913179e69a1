import Foundation
import Testing

@testable import NightjarManifest

/// `docs/schema/manifest.schema.json`, which editors check manifests by, against what the reader takes.
struct SchemaFileTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    private static let file = root.appending(path: "docs/schema/manifest.schema.json")
    private static let fixtures = root.appending(path: "Tests/NightjarManifestTests/Fixtures")
    private static let python = ProcessInfo.processInfo.environment["NIGHTJAR_PYTHON"]

    private struct Node: Decodable {
        var properties: [String: Node]?
        var definitions: [String: Node]?
        var anyOf: [Node]?
        var description: String?
    }

    private static func schema() throws -> Node {
        try JSONDecoder().decode(Node.self, from: Data(contentsOf: file))
    }

    private func keys(_ node: Node?) -> Set<String> { Set((node?.properties ?? [:]).keys) }

    @Test func `the schema and the reader know the same keys`() throws {
        let schema = try Self.schema()
        let top = try #require(schema.properties)
        #expect(Set(top.keys) == Set(Schema.top))
        #expect(keys(top["defaults"]) == Set(Schema.defaults))
        #expect(keys(top["output"]) == Set(Schema.output))
        #expect(keys(top["limits"]) == Set(Schema.limits))
        #expect(keys(top["retry"]) == Set(Schema.retry))
        #expect(keys(top["schedule"]) == Set(Schema.schedule))
        #expect(keys(top["sample"]?.anyOf?.last) == Set(Schema.sample))
        #expect(keys(schema.definitions?["listFile"]) == Set(Schema.list))
        #expect(keys(schema.definitions?["prompt"]) == Set(Schema.prompt))
        #expect(keys(top["seeds"]?.anyOf?.last) == Set(Schema.seedRange))
    }

    @Test func `every key is described`() throws {
        func check(_ node: Node, _ path: String) {
            for (name, value) in node.properties ?? [:] {
                #expect(value.description?.isEmpty == false, "\(path)/\(name)")
                check(value, "\(path)/\(name)")
            }
            for value in node.anyOf ?? [] { check(value, path) }
            for (name, value) in node.definitions ?? [:] { check(value, "\(path)#\(name)") }
        }
        check(try Self.schema(), "")
    }

    /// Mistakes that only the reader sees: of other keys, other files, or the text itself.
    private static let unseen: Set = [
        "alias-bomb", "alias-within-itself", "bad-path-up", "bad-path-variable", "bad-seeds-range", "deep-nesting",
        "duplicate-id", "duplicate-key", "long-line", "missing-model", "prompt-language", "too-many-jobs",
        "two-documents-one-name", "utf-16",
    ]

    @Test(.enabled(if: python != nil, "set NIGHTJAR_PYTHON to an interpreter with `jsonschema` and `pyyaml`"))
    func `valid manifests pass the schema, and mistakes that a schema can see do not`() throws {
        let examples = Self.root.appending(path: "examples")
        let files =
            try Self.yaml(in: Self.fixtures) + Self.yaml(in: examples)
        let verdicts = try Self.verdicts(files)
        #expect(verdicts.count == files.count)
        var seen = 0
        for file in files {
            let name = file.deletingPathExtension().lastPathComponent
            let verdict = verdicts[file.path] ?? "none"
            if (try? ManifestFile(path: file.path).load()) != nil {
                #expect(verdict == "valid", "\(name)")
            } else if verdict != "valid" {
                seen += 1
                #expect(!Self.unseen.contains(name), "\(name) is seen")
            }
        }
        #expect(seen >= 40)
        for name in ["typo-at-the-top", "typo-in-defaults", "typo-in-a-job", "wrong-types", "bad-limits", "bad-name"] {
            #expect(verdicts[Self.fixtures.appending(path: "\(name).yaml").path] == "invalid", "\(name)")
        }
    }

    private static func yaml(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
            .map { folder.appending(path: $0) }
    }

    /// `valid`, `invalid` or `broken`, by path.
    private static func verdicts(_ files: [URL]) throws -> [String: String] {
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: python ?? "")
        process.arguments =
            [root.appending(path: "Tests/SchemaCheck/check_schemas.py").path, file.path] + files.map(\.path)
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "the check itself failed: \(text)")
        var verdicts: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard words.count == 2 else { continue }
            verdicts[words[0] == "valid" ? words[1] : String(words[1].prefix { $0 != ":" })] = words[0]
        }
        return verdicts
    }
}
