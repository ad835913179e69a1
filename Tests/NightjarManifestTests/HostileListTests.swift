import Foundation
import NightjarCore
import NightjarManifest
import NightjarTestSupport
import Testing

/// Lists, wildcards and prompts that were made to be a nuisance: each ends in a clear error, soon.
struct HostileListTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m}\n"

    private func codes(_ text: String, in folder: TemporaryFolder) -> [String] {
        do {
            _ = try load(text, in: folder)
            return []
        } catch let error as ManifestError {
            return error.diagnostics.map(\.code)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `what is no regular file is no list`() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path("pipe.txt"), 0o600) == 0)
        try FileManager.default.createDirectory(atPath: folder.path("folder.txt"), withIntermediateDirectories: true)
        try folder.link("loop.txt", to: "loop.txt")
        try folder.link("zero.txt", to: "/dev/zero")
        for name in ["pipe.txt", "folder.txt", "loop.txt", "zero.txt", "none.txt"] {
            #expect(codes(Self.head + "prompts_from: \"\(name)\"\n", in: folder) == ["unreadable-list"], "\(name)")
            #expect(
                codes(Self.head + "matrix: {a: {file: \"\(name)\"}}\nprompts: [\"${a}\"]\n", in: folder)
                    == ["unreadable-list"], "\(name)")
        }
    }

    @Test(arguments: ["txt", "csv", "jsonl"])
    func `noise ends in jobs or an error`(ending: String) throws {
        var random = SeededGenerator()
        let folder = try TemporaryFolder()
        let pieces = [
            "prompt", ",", "\"", "\n", "\r\n", "{", "}", ":", "[", "\\u00e9", "\\ud83d", "\\", "é", "🦊", "\t", " ", "|",
            "$$",
            "__", "#", "1", "null", "\u{0}", "\u{FEFF}", "a fox", "prompt,mood\n", "{\"prompt\":\"a\"}\n", "\u{85}",
        ]
        for _ in 0..<400 {
            let text = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &random)]
            }.joined()
            try folder.write(text, to: "list.\(ending)")
            do {
                for batch in try load(Self.head + "prompts_from: list.\(ending)\n", in: folder) {
                    #expect(try batch.jobs().count == batch.jobCount, "\(random) \(text.debugDescription)")
                }
            } catch let error as ManifestError {
                #expect(!error.diagnostics.isEmpty, "\(random) \(text.debugDescription)")
            }
        }
    }

    @Test func `endless lines and values are refused`() throws {
        let folder = try TemporaryFolder()
        let long = String(repeating: "a ", count: 800_000)
        for (name, text) in [
            ("long.txt", long), ("long.csv", "prompt\n\"" + long), ("long.jsonl", "{\"prompt\": \"\(long)\"}"),
            ("lines.csv", "prompt\n\"" + String(repeating: "a\n", count: 800_000)),
            ("wide.csv", String(repeating: "a,", count: 5000) + "prompt\n"),
        ] {
            try folder.write(text, to: name)
            #expect(codes(Self.head + "prompts_from: \(name)\n", in: folder) == ["list"], "\(name)")
        }
    }

    @Test func `wildcards that never end, or are far too many, are refused`() throws {
        let folder = try TemporaryFolder()
        try folder.link("wildcards", to: "wild")
        try folder.write("__a__ {__a__|x}\n", to: "wild/a.txt")
        try folder.link("wild/deep", to: "../wild")
        #expect(codes(Self.head + "prompts: [__a__]\n", in: folder) == ["prompt"])
        // A bomb: ten values of ten values of ten values …
        for level in 0..<12 {
            let next = level == 11 ? "x" : "__b\(level + 1)__"
            try folder.write((0..<10).map { "\($0) \(next) \(next)\n" }.joined(), to: "wild/b\(level).txt")
        }
        #expect(["prompt", "too-many"].contains(codes(Self.head + "prompts: [__b0__]\n", in: folder).first ?? ""))
    }

    @Test(arguments: [
        String(repeating: "{", count: 100_000), String(repeating: "{a|", count: 50_000),
        String(repeating: "__", count: 100_000), String(repeating: "${x=", count: 50_000),
        "{" + String(repeating: "a|", count: 200_000) + "b}", "{1000000$$a|b|c}",
        String(repeating: "{0-9$$a|b}", count: 10_000),
        "{" + String(repeating: "9", count: 5000) + "$$a|b}", "{" + String(repeating: "9", count: 5000) + "::a|b}",
    ])
    func `prompts of braces end in jobs or an error`(prompt: String) throws {
        let folder = try TemporaryFolder()
        do {
            let batches = try load(Self.head + "prompts:\n  - '\(prompt)'\n", in: folder)
            #expect(batches.count == 1)
        } catch let error as ManifestError {
            #expect(error.diagnostics.allSatisfy { $0.line == 5 || $0.line == 4 }, "\(prompt.prefix(40))")
        }
    }

    @Test func `a NUL in a text is refused, since what follows it would be lost`() throws {
        let folder = try TemporaryFolder()
        #expect(codes(Self.head + "prompts: [\"a\\0b\"]\n", in: folder) == ["encoding"])
        try folder.write("{\"prompt\":\"a cat\\u0000 with a hat\"}\n", to: "p.jsonl")
        #expect(codes(Self.head + "prompts_from: p.jsonl\n", in: folder) == ["encoding"])
    }

    @Test func `entangled exclusions and endless products end soon`() throws {
        let folder = try TemporaryFolder()
        let axes = (0..<20).map { "  a\($0): [x, y, z]\n" }.joined()
        var random = SeededGenerator(seed: 5)
        let exclusions = (0..<300).map { _ in
            let names = (0..<20).shuffled(using: &random).prefix(6)
            return "  - {\(names.map { "a\($0): x" }.joined(separator: ", "))}\n"
        }.joined()
        let text = Self.head + "matrix:\n\(axes)exclude:\n\(exclusions)sample: 5\nprompts: [a]\n"
        let found = codes(text, in: folder)
        #expect(found.isEmpty || found == ["limit"])
    }
}
