import Foundation
import NightjarCore
import NightjarManifest
import NightjarTestSupport
import Testing

struct ExpansionTests {
    private static let head = "version: 1\nname: spring\ndefaults: {model: m, width: 512}\n"

    @Test func `a prompt is a job with the fields of the defaults`() throws {
        let found = try jobs(Self.head + "prompts:\n  - a fox\n  - {prompt: a hare, width: 768, cfg_scale: 7.5}\n")
        #expect(found.map(\.prompt) == ["a fox", "a hare"])
        #expect(found[0].parameters == ImageRequest.Parameters(model: "m", width: 512))
        #expect(found[1].parameters == ImageRequest.Parameters(model: "m", width: 768, cfgScale: 7.5))
        #expect(found.map(\.seed) == [.derived, .derived])
        #expect(found.map(\.place.line) == [5, 6])
        #expect(found.map(\.firstOrdinal) == [0, 0])
    }

    @Test func `a job's place is that of its prompt`() throws {
        let found = try jobs(Self.head + "prompts: [a fox, \"a {red|blue} hare\", {prompt: an owl}]\n")
        #expect(found.map(\.place.line) == [4, 4, 4, 4])
        #expect(found.map(\.place.column) == [11, 18, 18, 48])
        let block = try jobs(Self.head + "prompts:\n  - a fox\n  - id: hero\n    prompt: a hare\n")
        #expect(block.map { "\($0.place.line):\($0.place.column)" } == ["5:5", "6:1"])
    }

    @Test func `every field of a request is taken`() throws {
        let found = try jobs(
            """
            version: 1
            name: spring
            prompts:
              - {prompt: p, model: m, negative_prompt: "", width: 1, height: 65536, steps: 10000, cfg_scale: 0,
                 sampler: euler_a, seed: 9223372036854775807, id: hero}
            """)
        #expect(
            found[0].parameters
                == ImageRequest.Parameters(
                    model: "m", negativePrompt: "", width: 1, height: 65536, steps: 10000, cfgScale: 0,
                    sampler: "euler_a"))
        #expect(found[0].seed == .manifest(.max))
        #expect(found[0].label == "hero")
    }

    @Test func `a number of seeds makes as many jobs with ordinals`() throws {
        let found = try jobs(Self.head + "seeds: 3\nprompts: [a fox]\n")
        #expect(found.map(\.firstOrdinal) == [0, 1, 2])
        #expect(Set(found.map(\.identity)).count == 1)
        #expect(found.allSatisfy { $0.seed == .derived })
    }

    @Test(arguments: [
        ("[5, 7]", [5, 7]), ("{from: 100, count: 3}", [100, 101, 102]),
        ("{from: 9223372036854775806, count: 2}", [Int64.max - 1, Int64.max]),
    ])
    func `a list or range of seeds makes a job for each`(seeds: String, values: [Int64]) throws {
        let found = try jobs(Self.head + "seeds: \(seeds)\nprompts: [a fox]\n")
        #expect(found.map(\.seed) == values.map { .manifest($0) })
        #expect(Set(found.map(\.identity)).count == values.count)
    }

    @Test func `the seed of a prompt wins over seeds, and over the defaults`() throws {
        let text = """
            version: 1
            name: spring
            defaults: {model: m, seed: server}
            seeds: [1, 2]
            prompts: [{prompt: a, seed: 42}, {prompt: b, seed: server}, c]
            """
        #expect(try jobs(text).map(\.seed) == [.manifest(42), .server, .manifest(1), .manifest(2)])
    }

    @Test func `the seed of the defaults is for prompts without one`() throws {
        let text = "version: 1\nname: spring\ndefaults: {model: m, seed: 4}\nprompts: [a, {prompt: b, seed: 5}]\n"
        #expect(try jobs(text).map(\.seed) == [.manifest(4), .manifest(5)])
    }

    @Test func `seeds of a batch tell the jobs of one id apart`() throws {
        let found = try jobs(Self.head + "seeds: [1, 2]\nprompts: [{prompt: a, id: x}, {prompt: b, id: y, seed: 3}]\n")
        #expect(
            found.map(\.identity) == [
                JobIdentity(label: "x", seed: 1), JobIdentity(label: "x", seed: 2), JobIdentity(label: "y"),
            ])
    }

    @Test func `any scalar is text where a prompt is expected`() throws {
        let found = try jobs(Self.head + "prompts: [12, yes, ~, {prompt: 1.50}, !!str 7]\n")
        #expect(found.map(\.prompt) == ["12", "yes", "~", "1.50", "7"])
    }

    @Test(arguments: [
        "$5", "100%", "a lone __", "a__b", "____", "a_b_c", "$", "(fox:1.2), [a|b]", "<lora:x:1>",
    ])
    func `plain text passes to the byte`(prompt: String) throws {
        #expect(try jobs(Self.head + "prompts:\n  - '\(prompt)'\n").map(\.prompt) == [prompt])
    }

    @Test func `variants none takes prompts as they stand`() throws {
        let wild = "{a|b} ${c} __d__ # e"
        #expect(try jobs("variants: none\n" + Self.head + "prompts: ['\(wild)']\n").map(\.prompt) == [wild])
        #expect(try jobs(Self.head + "prompts: ['\(wild)']\nvariants: none\n").map(\.prompt) == [wild])
        let beside = "prompts: [{prompt: '\(wild)', variants: none}]\n"
        #expect(try jobs(Self.head + beside).map(\.prompt) == [wild])
    }

    @Test func `meta is compact JSON with sorted keys`() throws {
        let found = try jobs(
            Self.head + """
                prompts:
                  - prompt: a
                    meta: {split: test, n: 1.50, zip: 00123, ok: true, none: ~, no: no, list: [a, "1"], é: "q\\"\\n"}
                """)
        #expect(
            found[0].meta
                == #"{"list":["a","1"],"n":1.50,"no":"no","none":null,"ok":true,"split":"test","zip":"00123","é":"q\"\n"}"#
        )
    }

    @Test func `anchors, aliases and merges work`() throws {
        let found = try jobs(
            """
            version: 1
            name: spring
            x-base: &base {steps: 20, width: 640, meta: {a: 1}}
            x-other: &other {steps: 30, height: 480}
            defaults: &defaults {model: &model m}
            prompts:
              - &fox a fox
              - *fox
              - {<<: *base, prompt: a hare, width: 700}
              - {<<: [*base, *other], prompt: a bear, model: *model}
            """)
        #expect(found.map(\.prompt) == ["a fox", "a fox", "a hare", "a bear"])
        #expect(found[0].identity == found[1].identity)
        #expect(found[2].parameters == ImageRequest.Parameters(model: "m", width: 700, steps: 20))
        #expect(found[3].parameters == ImageRequest.Parameters(model: "m", width: 640, height: 480, steps: 20))
        #expect(found[3].meta == #"{"a":1}"#)
    }

    @Test func `a merge at the top brings what the document does not say`() throws {
        let found = try jobs(
            "x-all: &all {name: other, defaults: {model: m}, prompts: [a, b]}\nversion: 1\nname: spring\n<<: *all\n")
        #expect(found.map(\.prompt) == ["a", "b"])
    }

    @Test func `keys that begin with x- are passed over`() throws {
        #expect(try jobs(Self.head + "x-a: {b: [c]}\nprompts: [{prompt: a, x-note: 1}]\n").count == 1)
    }

    @Test func `keys may come in any order`() throws {
        let parts = [
            "version: 1\n", "name: spring\n", "defaults: {model: m, steps: 30}\n", "seeds: [1, 2]\n",
            "prompts: [a fox, {prompt: a hare, id: h}]\n", "limits: {rate: 5/s}\n",
        ]
        let expected = try jobs(parts.joined())
        for shift in parts.indices {
            let turned = (parts[shift...] + parts[..<shift]).joined()
            let found = try jobs(turned)
            #expect(found.map(\.identity) == expected.map(\.identity))
            #expect(found.map(\.parameters) == expected.map(\.parameters))
        }
        #expect(try jobs(parts.reversed().joined()).map(\.identity) == expected.map(\.identity))
    }

    @Test func `the order of prompts changes no identity`() throws {
        let prompts = ["a fox", "a hare", "{prompt: a bear, steps: 3}", "{prompt: x, id: hero}"]
        let forward = try jobs(Self.head + "prompts: [\(prompts.joined(separator: ", "))]\n")
        let backward = try jobs(Self.head + "prompts: [\(prompts.reversed().joined(separator: ", "))]\n")
        #expect(forward.map(\.identity) == backward.reversed().map(\.identity))
        let more = try jobs(Self.head + "prompts: [a new one, \(prompts.joined(separator: ", "))]\n")
        #expect(Array(more.map(\.identity).dropFirst()) == forward.map(\.identity))
    }

    @Test func `several documents are several batches`() throws {
        let folder = try TemporaryFolder()
        let document = "version: 1\ndefaults: {model: m}\nprompts: [&p a, *p]\n"
        let batches = try load("---\nname: one\n\(document)---\nname: two\n\(document)seeds: 2\n---\n", in: folder)
        #expect(batches.map(\.settings.name) == ["one", "two"])
        #expect(batches.map(\.jobCount) == [2, 4])
        #expect(try batches.map { try $0.jobs().count } == [2, 4])
        #expect(batches[0].digest != batches[1].digest)
        #expect(batches.allSatisfy { $0.digest.count == 64 })
    }

    @Test func `many prompts stream`() throws {
        let folder = try TemporaryFolder()
        let lines = (0..<100_000).map { "  - \"prompt \($0), a quiet harbour at night\"\n" }.joined()
        let batch = try #require(try load("prompts:\n\(lines)\(Self.head)", in: folder).first)
        #expect(batch.jobCount == 100_000)
        var count = 0
        var last = ""
        try batch.expand { job in
            count += 1
            last = job.prompt
        }
        #expect(count == 100_000)
        #expect(last == "prompt 99999, a quiet harbour at night")
    }

    @Test func `an error of the receiver ends the expansion`() throws {
        struct Enough: Error {}
        let folder = try TemporaryFolder()
        let batch = try #require(try load(Self.head + "prompts: [a, b, c]\n", in: folder).first)
        var count = 0
        #expect(throws: Enough.self) {
            try batch.expand { _ in
                count += 1
                throw Enough()
            }
        }
        #expect(count == 1)
    }

    @Test(arguments: [nil, "prompts: [a, c]\n", "", "x: \u{1}"])
    func `what was checked is what is expanded, whatever becomes of the file`(after: String?) throws {
        let folder = try TemporaryFolder()
        let batch = try #require(try load(Self.head + "prompts: [a, b]\n", in: folder).first)
        if let after {
            try folder.write(after, to: "manifest.yaml")
        } else {
            try FileManager.default.removeItem(atPath: folder.path("manifest.yaml"))
        }
        #expect(try batch.jobs().map(\.prompt) == ["a", "b"])
    }
}
