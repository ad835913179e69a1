import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarManifest

struct VariantsTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m}\n"

    @Test func `every variant is made by default`() throws {
        #expect(
            try jobs(Self.head + "prompts: [\"a {red|blue} {fox|hare}\"]\n").map(\.prompt)
                == ["a red fox", "a red hare", "a blue fox", "a blue hare"])
    }

    @Test func `the variants of an id are numbered, and its seeds within them`() throws {
        let found = try jobs(Self.head + "seeds: 2\nprompts: [{id: hero, prompt: \"{a|b|c}\"}]\n")
        #expect(found.map(\.firstOrdinal) == [0, 1, 0, 1, 0, 1])
        #expect(Set(found.map(\.identity)).count == 3)
        // More seeds leave the images that there are.
        let more = try jobs(Self.head + "seeds: 3\nprompts: [{id: hero, prompt: \"{a|b|c}\"}]\n")
        func keys(_ jobs: [PlannedJob]) -> Set<String> {
            Set(jobs.map { "\($0.identity.key(ordinal: $0.firstOrdinal)) \($0.prompt)" })
        }
        #expect(keys(found).isSubset(of: keys(more)) && keys(more).count == 9)
    }

    @Test func `a variable of the prompt wins over that of the matrix`() throws {
        let found = try jobs(
            Self.head + "matrix: {x: [1, 2]}\nprompts: [\"${x={a|b}} ${x}\", \"${x}\"]\n")
        #expect(found.map(\.prompt).suffix(2) == ["1", "2"])
        #expect(!found.map(\.prompt).prefix(4).contains { $0.contains("1") })
    }

    @Test func `values of a variable are text to the byte`() throws {
        let found = try jobs(Self.head + "matrix: {x: [\"{a|b} __c__ # d\"]}\nprompts: [\"<${x}>\"]\n")
        #expect(found.map(\.prompt) == ["<{a|b} __c__ # d>"])
    }

    @Test func `wildcards come from the folder beside the manifest, or one it names`() throws {
        let folder = try TemporaryFolder()
        try folder.write("# lights\nsunset\n\n neon \n", to: "wildcards/light.txt")
        try folder.write("deep/animals: [fox, \"3::hare\", {text: owl, weight: 2}]\n", to: "wildcards/more.yaml")
        try folder.write("[\"ink\", \"oil\"]", to: "other/style.json")
        let batch = try load(Self.head + "prompts: [\"__light__\", \"__deep/*__\"]\n", in: folder)[0]
        #expect(try batch.jobs().map(\.prompt) == ["neon", "sunset", "fox", "hare", "hare", "hare", "owl", "owl"])
        let other = try load(Self.head + "wildcards: other\nprompts: [\"__style__\"]\n", in: folder)[0]
        #expect(try other.jobs().map(\.prompt) == ["ink", "oil"])
    }

    @Test func `wildcard files are part of the digest where they are used`() throws {
        let folder = try TemporaryFolder()
        let text = Self.head + "prompts: [\"__light__\"]\n"
        try folder.write("sunset\n", to: "wildcards/light.txt")
        let before = try load(text, in: folder)[0].digest
        try folder.write("new\n", to: "wildcards/unused.txt")
        #expect(try load(text, in: folder)[0].digest == before)
        try folder.write("sunset\nneon\n", to: "wildcards/light.txt")
        #expect(try load(text, in: folder)[0].digest != before)
    }

    @Test func `a draw is made for each image, by its seed`() throws {
        let text = Self.head + "variants: random\nseeds: {from: 0, count: 400}\nprompts: [\"{red|blue} {fox|hare}\"]\n"
        let found = try jobs(text)
        #expect(found.count == 400)
        let counts = Dictionary(grouping: found, by: \.prompt).mapValues(\.count)
        #expect(counts.count == 4 && counts.values.allSatisfy { (70...130).contains($0) }, "\(counts)")
        #expect(try jobs(text).map(\.prompt) == found.map(\.prompt))
    }

    @Test func `an edit elsewhere moves no draw`() throws {
        let seeds = "variants: random\nseeds: {from: 0, count: 50}\n"
        let before = try jobs(Self.head + seeds + "prompts: [\"{red|blue} fox\"]\n").map {
            $0.prompt.split(separator: " ")[0]
        }
        let after = try jobs(Self.head + seeds + "prompts: [\"a new one\", \"{red|blue} {small|large} hare\"]\n")
        #expect(after.suffix(50).map { $0.prompt.split(separator: " ")[0] } == before)
    }

    @Test func `without seeds a draw depends on the prompt and its place among equals`() throws {
        let text = Self.head + "variants: random\nseeds: 40\nprompts: [\"a {red|blue} fox\"]\n"
        let found = try jobs(text)
        #expect(Set(found.map(\.prompt)).count == 2)
        let more = try jobs(
            Self.head + "variants: random\nseeds: 41\nprompts: [\"other {red|blue}\", \"a {red|blue} fox\"]\n")
        #expect(Array(more.suffix(41).dropLast()).map(\.prompt) == found.map(\.prompt))
        #expect(Array(more.suffix(41).dropLast()).map(\.identity) == found.map(\.identity))
    }

    @Test func `variants beside a prompt win over those at the top`() throws {
        let found = try jobs(
            Self.head + "variants: none\nprompts: [\"{a|b}\", {prompt: \"{a|b}\", variants: all}]\n")
        #expect(found.map(\.prompt) == ["{a|b}", "a", "b"])
    }

    @Test func `rows of a list, and equal prompts, are drawn one by one`() throws {
        let folder = try TemporaryFolder()
        try folder.write("prompt,k\n" + (0..<40).map { "{a|b|c|d} ${k},\($0)\n" }.joined(), to: "p.csv")
        let rows = try load(Self.head + "variants: random\nprompts_from: p.csv\n", in: folder)[0].jobs()
        #expect(Set(rows.map { $0.prompt.prefix(1) }).count == 4)
        let equal = try jobs(
            Self.head
                + "variants: random\nprompts: [\((0..<40).map { _ in "\"{a|b|c|d}\"" }.joined(separator: ", "))]\n")
        #expect(Set(equal.map(\.prompt)).count == 4)
    }

    @Test func `a comment is cut, with a warning that points at it`() throws {
        let folder = try TemporaryFolder()
        let batch = try load(Self.head + "prompts:\n  - \"a fox # red\"\n", in: folder)[0]
        #expect(try batch.jobs().map(\.prompt) == ["a fox "])
        #expect(batch.warnings.map { "\($0.line):\($0.column) \($0.code)" } == ["5:12 comment"])
    }

    @Test func `many warnings of a kind are counted, and hide nothing`() throws {
        let prompts = (0..<100).map { "  - \"fox \($0) # red\"\n" }.joined()
        #expect(
            try mistakes(Self.head + "prompts:\n\(prompts)  - \"{a\"\n").suffix(1) == ["0:0 comment"]
                || mistakes(Self.head + "prompts:\n\(prompts)  - \"{a\"\n").contains { $0.hasPrefix("104:") })
    }
}
