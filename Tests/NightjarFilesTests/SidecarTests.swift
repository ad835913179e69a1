import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct SidecarTests {
    private let folder: TemporaryFolder
    private let output: OutputFolder

    init() throws {
        folder = try TemporaryFolder()
        output = OutputFolder(folder)
    }

    @Test func `sidecars say what the image is`() async throws {
        var job = foxJob(prompt: "A \"fox\"\nat night", sidecars: [.json, .txt])
        job.variables = "{\"style\": \"ink\",\n\"n\": 1}"
        let file = try await output.save(job)
        #expect(file.path == "neon/007-a-fox-at-night.png")
        #expect(try folder.text("out/neon/007-a-fox-at-night.txt") == "A \"fox\"\nat night")
        #expect(
            try folder.text("out/neon/007-a-fox-at-night.json") == #"""
                {"file_name":"007-a-fox-at-night.png","prompt":"A \"fox\"\nat night","negative_prompt":null,\#
                "model":"m/1","width":13,"height":7,"steps":null,"cfg_scale":7.0,"sampler":null,"seed":42,\#
                "job_id":"job-1","key":"0123456789abcdeffedcba9876543210","sha256":"\#(file.sha256)",\#
                "created_at":"2026-03-01T02:04:05.678Z","variables":{"style": "ink", "n": 1},\#
                "meta":{"split":"test"}}

                """#)
        #expect(folder.tree.count == 3)
    }

    @Test func `what is not given is null, and no variables are an empty object`() async throws {
        var job = foxJob(seed: nil, sidecars: [.json])
        (job.meta, job.remoteID) = (nil, nil)
        try await output.save(job)
        let text = try folder.text("out/neon/007-a-fox.json")
        #expect(text.contains(#""seed":null,"job_id":null,"#))
        #expect(text.hasSuffix(#""variables":{},"meta":{}}"# + "\n"))
    }

    @Test(arguments: ["txt", "json"])
    func `where the name of a sidecar is taken the stem moves on`(ext: String) async throws {
        try folder.write("my notes", to: "out/neon/007-a-fox.\(ext)")
        try folder.link("out/neon/007-a-fox-2.\(ext)", to: "nowhere")
        let file = try await output.save(foxJob(sidecars: [.json, .txt]))
        #expect(file.path == "neon/007-a-fox-3.png")
        #expect(try folder.text("out/neon/007-a-fox.\(ext)") == "my notes")
        let made = ["json", "png", "txt"].map { "out/neon/007-a-fox-3.\($0)" }
        #expect(folder.tree == (["out/neon/007-a-fox-2.\(ext)", "out/neon/007-a-fox.\(ext)"] + made).sorted())
        #expect(try folder.text(made[0]).hasPrefix(#"{"file_name":"007-a-fox-3.png","#))
    }

    @Test func `an image without sidecars does not mind those of others`() async throws {
        try folder.write("my notes", to: "out/neon/007-a-fox.txt")
        #expect(try await output.save(foxJob()).path == "neon/007-a-fox.png")
    }

    // MARK: After a crash

    private let recovered = foxJob(sidecars: [.json, .txt], mayBeInPlace: true)

    @Test func `a finished file that was not recorded is found again`() async throws {
        let first = try await output.save(foxJob(sidecars: [.json, .txt]))
        let again = try await output.save(recovered)
        #expect(first == again)
        #expect(folder.tree.count == 3)
    }

    @Test func `nothing is taken for ours without a crash`() async throws {
        try await output.save(foxJob())
        #expect(try await output.save(foxJob()).path == "neon/007-a-fox-2.png")
    }

    @Test(arguments: ["png", "json", "txt"])
    func `what was missing at the crash is added`(ext: String) async throws {
        let first = try await output.save(foxJob(sidecars: [.json, .txt]))
        try FileManager.default.removeItem(atPath: folder.path("out/neon/007-a-fox.\(ext)"))
        #expect(try await output.save(recovered) == first)
        #expect(folder.tree.count == 3)
    }

    @Test func `ours is found behind a name that a person has`() async throws {
        try folder.write("mine", to: "out/neon/007-a-fox.png")
        let first = try await output.save(foxJob(sidecars: [.json, .txt]))
        #expect(first.path == "neon/007-a-fox-2.png")
        #expect(try await output.save(recovered) == first)
    }

    @Test func `a person's file of the same length is not ours, nor is a link to our own`() async throws {
        let name = "out/neon/007-a-fox.png"
        try folder.write(String(repeating: "x", count: Fixture.png.bytes.count), to: name)
        #expect(try await output.save(recovered).path == "neon/007-a-fox-2.png")
        try FileManager.default.removeItem(atPath: folder.path(name))
        try folder.link(name, to: "007-a-fox-2.png")
        #expect(try await output.save(recovered).path == "neon/007-a-fox-2.png")
        #expect(folder.tree.count == 4)
    }

    @Test func `sidecars that a person has changed stay`() async throws {
        try await output.save(foxJob(sidecars: [.json, .txt]))
        try folder.write("better words", to: "out/neon/007-a-fox.txt")
        #expect(try await output.save(recovered).path == "neon/007-a-fox-2.png")
        #expect(try folder.text("out/neon/007-a-fox.txt") == "better words")
    }
}
