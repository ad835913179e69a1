import JobsAPI
import Pictures
import Testing

@testable import JobsAPIServer

struct RendererTests {
    private func draw(_ prompt: String, width: Int = 128, height: Int = 128, seed: Int64 = 1) throws -> RenderedImage {
        try BuiltInRenderer.draw(
            RenderJob(id: "job-1", model: "m", prompt: prompt, width: width, height: height, seed: seed))
    }

    @Test func `the same job gives the same bytes`() async throws {
        let job = RenderJob(id: "job-1", model: "m", prompt: "a quiet harbor", width: 200, height: 120, seed: 5)
        let renderer = BuiltInRenderer()
        async let first = renderer.render(job)
        async let second = renderer.render(job)
        #expect(try await first == second)
    }

    @Test func `another seed, prompt or model gives another picture`() throws {
        let pictures = try [
            draw("fox"), draw("fox", seed: 2), draw("owl"),
            BuiltInRenderer.draw(RenderJob(id: "job-1", model: "n", prompt: "fox", width: 128, height: 128, seed: 1)),
        ]
        #expect(Set(pictures.map(\.bytes)).count == 4)
    }

    @Test(arguments: [
        (64, 64), (4096, 64), (64, 4096), (65, 333), (640, 360),
    ])
    func `a picture has the size that was asked for, and is not blank`(width: Int, height: Int) throws {
        for prompt in ["city", "sea", "forest", "mountains in snow", "planet", "hills"] {
            let image = try draw(prompt, width: width, height: height)
            let canvas = try Canvas(decoding: image.bytes)
            #expect(canvas.size == PixelSize(width: width, height: height))
            #expect(canvas.contrast > 60, "\(prompt)")
            #expect(image.mediaType == "image/png")
        }
    }

    @Test(arguments: [
        "🦊🏳️‍🌈👨‍👩‍👧‍👦", "東京の夜、雨", "שלום עולם", "مرحبا بالعالم", "नमस्ते", "a\u{0}b\u{7}\u{1B}[31m", "e\u{301}\u{301}\u{301}",
        "\u{202E}reversed\u{202C}", "&amp; &#x41; &nonsense; &", "%s %n %d", "\u{FFFD}\u{FFFF}", " . ", "\n\n\n",
    ])
    func `any text can be a prompt`(prompt: String) throws {
        #expect(throws: Never.self) { try draw(prompt) }
    }

    @Test(arguments: [String(repeating: "word ", count: 2000), String(repeating: "W", count: 10_000)])
    func `a very long prompt is cut`(prompt: String) throws {
        #expect(throws: Never.self) { try draw(prompt, width: 300, height: 300) }
        let face = try #require(Typeface.standard)
        let style = TextStyle(face: face, height: 12, color: .white)
        let lines = Lettering(prompt).wrapped(style, width: 280, lastWidth: 200, lines: 3)
        #expect(lines.count == 3)
        #expect(lines.last?.hasSuffix("…") == true)
        #expect(lines.dropLast().allSatisfy { style.width(of: $0) <= 281 })
        #expect(style.width(of: lines[2]) <= 201)
    }

    @Test func `a short prompt stays as it is`() throws {
        let face = try #require(Typeface.standard)
        let style = TextStyle(face: face, height: 12, color: .white)
        #expect(Lettering("a  fox\n& owl").wrapped(style, width: 280, lastWidth: 200, lines: 3) == ["a fox & owl"])
        #expect(Lettering("🦊").wrapped(style, width: 280, lastWidth: 200, lines: 3) == [])
    }

    @Test func `words of the prompt choose the motif`() {
        var dice = Dice(seed: 1)
        #expect(Motif(prompt: "Neon CITIES at night", dice: &dice).place == .city)
        #expect(Motif(prompt: "Neon streets", dice: &dice).light == .night)
        #expect(Motif(prompt: "a lighthouse at dawn", dice: &dice).place == .sea)
        #expect(Motif(prompt: "a fox under fresh snow", dice: &dice).snows)
    }
}
