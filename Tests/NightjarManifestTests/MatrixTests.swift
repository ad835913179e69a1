import NightjarCore
import NightjarTestSupport
import PromptLanguage
import Testing

@testable import NightjarManifest

struct MatrixTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m}\n"

    @Test func `every combination is made, the last axis fastest`() throws {
        let found = try jobs(
            Self.head + """
                matrix: {style: [ink, oil], subject: [fox, hare]}
                prompts: ["${subject} in ${style}"]
                """)
        #expect(found.map(\.prompt) == ["fox in ink", "hare in ink", "fox in oil", "hare in oil"])
        #expect(found[1].variables == #"{"style":"ink","subject":"hare"}"#)
    }

    @Test func `a number for a field is one value, however it is written`() throws {
        func identities(_ values: String, _ excluded: String) throws -> [JobIdentity] {
            try jobs(
                Self.head + "matrix: {cfg_scale: [\(values)], steps: [20]}\nexclude: [{cfg_scale: \(excluded)}]\n"
                    + "prompts: [{id: hero, prompt: \"a fox ${cfg_scale}\"}]\n"
            ).map(\.identity)
        }
        let found = try identities("4, 7.5, 9", "9")
        #expect(found.count == 2)
        #expect(try identities("4.0, 0.75e1, 9", "9.0") == found)
        #expect(try identities("\"04\", 7.50, 90e-1", "9") == found)
        let prompts = try jobs(Self.head + "matrix: {cfg_scale: [4.0, 7.50]}\nprompts: [\"${cfg_scale}\"]\n")
        #expect(prompts.map(\.prompt) == ["4", "7.5"])
        #expect(prompts.map(\.parameters.cfgScale) == [4, 7.5])
    }

    @Test func `exclusions leave out combinations, one value or several`() throws {
        let found = try jobs(
            Self.head + """
                matrix: {style: [ink, oil, wax], subject: [fox, hare], light: [day, dusk]}
                exclude:
                  - {style: oil, subject: hare}
                  - {style: [ink, wax], light: dusk}
                prompts: ["${style} ${subject} ${light}"]
                """)
        #expect(
            found.map(\.prompt) == [
                "ink fox day", "ink hare day", "oil fox day", "oil fox dusk", "wax fox day", "wax hare day",
            ])
    }

    @Test(arguments: 0..<40)
    func `the number of combinations is that of those made`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sizes = (0..<Int.random(in: 1...4, using: &random)).map { _ in Int.random(in: 1...4, using: &random) }
        let axes = sizes.enumerated().map { axis, size in
            Matrix.Axis(name: "axis\(axis)", values: (0..<size).map { "v\($0)" })
        }
        let exclusions = (0..<Int.random(in: 0...5, using: &random)).map { _ -> [Int: Set<Int>] in
            var exclusion: [Int: Set<Int>] = [:]
            for axis in sizes.indices where Bool.random(using: &random) {
                exclusion[axis] = Set((0..<sizes[axis]).filter { _ in Bool.random(using: &random) })
            }
            return exclusion
        }
        let matrix = Matrix(axes: axes, exclusions: exclusions)
        var made: [[Int]] = []
        matrix.forEach { made.append($0) }
        #expect(matrix.count?.exactInt == made.count, "seed \(seed)")
        let all = sizes.reduce([[]]) { rows, size in rows.flatMap { row in (0..<size).map { row + [$0] } } }
        let expected = all.filter { row in
            !exclusions.contains { exclusion in exclusion.allSatisfy { $0.value.contains(row[$0.key]) } }
        }
        #expect(made == expected, "seed \(seed)")
    }

    @Test func `an axis called like a request field sets it`() throws {
        let found = try jobs(
            Self.head + "matrix: {steps: [20, 30], cfg_scale: [4.5], model: [a, b]}\nprompts: [a fox]\n")
        #expect(
            found.map(\.parameters) == [
                ImageRequest.Parameters(model: "a", steps: 20, cfgScale: 4.5),
                ImageRequest.Parameters(model: "b", steps: 20, cfgScale: 4.5),
                ImageRequest.Parameters(model: "a", steps: 30, cfgScale: 4.5),
                ImageRequest.Parameters(model: "b", steps: 30, cfgScale: 4.5),
            ])
    }

    @Test func `an id keeps its identity for each combination, whatever the order of axes and values`() throws {
        let prompts = "prompts: [{id: hero, prompt: \"${b} ${a}\"}]\n"
        let one = try jobs(Self.head + "matrix: {a: [x, y], b: [1, 2]}\n" + prompts)
        let other = try jobs(Self.head + "matrix: {b: [2, 1], a: [y, x]}\n" + prompts)
        #expect(Set(one.map(\.identity)) == Set(other.map(\.identity)))
        #expect(one[0].identity == JobIdentity(label: "hero", axes: [("a", "x"), ("b", "1")]))
        #expect(Set(one.map(\.identity)).count == 4)
    }

    @Test func `values come from files, by line and by column`() throws {
        let folder = try TemporaryFolder()
        try folder.write("\u{FEFF}fox\r\n\n  # a comment\nhare\n", to: "subjects.txt")
        try folder.write("name,style\n1,\"ink, black\"\n2,oil\n", to: "styles.csv")
        try folder.write("{\"light\": \"d\\u00fcsk \\ud83c\\udf19\"}\n\n{\"light\":1.50}\n", to: "lights.jsonl")
        let batch = try #require(
            try load(
                Self.head
                    + """
                    matrix:
                      subject: {file: subjects.txt}
                      style: {file: styles.csv, column: style}
                      light: {file: lights.jsonl, column: light}
                    prompts: ["${subject}|${style}|${light}"]
                    variants: all
                    """.replacing("|", with: "/"), in: folder
            ).first)
        #expect(batch.jobCount == 8)
        #expect(try batch.jobs().map(\.prompt).first == "fox/ink, black/düsk 🌙")
        #expect(try batch.jobs().map(\.prompt).last == "hare/oil/1.50")
    }

    @Test func `what a list holds is part of the digest`() throws {
        let folder = try TemporaryFolder()
        let text = Self.head + "matrix: {subject: {file: s.txt}}\nprompts: [\"${subject}\"]\n"
        try folder.write("fox\n", to: "s.txt")
        let before = try load(text, in: folder)[0].digest
        #expect(try load(text, in: folder)[0].digest == before)
        try folder.write("hare\n", to: "s.txt")
        #expect(try load(text, in: folder)[0].digest != before)
    }

    @Test func `an axis that nothing names is worth a warning`() throws {
        let folder = try TemporaryFolder()
        let text = Self.head + "matrix: {style: [ink, oil]}\nprompts: [a fox]\n"
        #expect(try load(text, in: folder)[0].warnings.map(\.code) == ["unused-axis"])
        let inPath = text + "output: {path: \"${batch}/${style}-${index}.${ext}\"}\n"
        #expect(try load(inPath, in: folder)[0].warnings.isEmpty)
    }
}
