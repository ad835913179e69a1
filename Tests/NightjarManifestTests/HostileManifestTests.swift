import NightjarManifest
import NightjarTestSupport
import Testing

/// What a file can be made of to do harm ends in an error. That it does so soon is what the limits are for.
struct HostileManifestTests {
    private static let head = "version: 1\nname: a\ndefaults: {model: m}\n"

    @Test func `aliases of aliases are counted as often as they are used`() throws {
        var text = Self.head + "x-0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            text += "x-\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        #expect(try !mistakes(text + "prompts: [a]\n").isEmpty)
    }

    @Test func `aliases of a long text end before a gibibyte`() throws {
        let text = Self.head + "x: &a \"\(String(repeating: "x", count: 1_000_000))\"\n"
        let many = text.replacing("x: &a", with: "x-a: &a") + "prompts:\n" + String(repeating: "- *a\n", count: 1100)
        #expect(try mistakes(many).last?.hasSuffix("limit") == true)
    }

    @Test func `anchors are limited`() throws {
        let text = Self.head + "prompts:\n" + (0..<60_000).map { "- &a\($0) x\n" }.joined()
        #expect(try mistakes(text).map { $0.split(separator: " ").last } == ["limit"])
    }

    @Test func `a large value with an anchor can be passed over, but not used`() throws {
        let large = "x-large: &large [\(Array(repeating: "x", count: 20_000).joined(separator: ", "))]\n"
        #expect(try mistakes(Self.head + large + "prompts: [a]\n").isEmpty)
        #expect(try mistakes(Self.head + large + "prompts: *large\n") == ["5:10 limit"])
    }

    @Test func `a large meta is refused`() throws {
        let keys = (0..<6000).map { "k\($0): v" }.joined(separator: ", ")
        #expect(try mistakes(Self.head + "prompts: [{prompt: a, meta: {\(keys)}}]\n") == ["4:11 limit"])
    }

    @Test func `documents are limited`() throws {
        #expect(try mistakes(String(repeating: "---\n", count: 3000)).count == 1)
    }

    @Test func `errors are counted, but not all kept`() throws {
        let folder = try TemporaryFolder()
        let text = Self.head + "prompts:\n" + String(repeating: "- {prompt: a, step: 1}\n- a {b\n", count: 5000)
        let error = #expect(throws: ManifestError.self) { _ = try load(text, in: folder) }
        #expect(error?.diagnostics.count == 50)
        #expect(error?.omitted == 9950)
    }

    @Test func `noise of any kind ends in batches or an error`() throws {
        let folder = try TemporaryFolder()
        let pieces = [
            "version: 1\n", "name: a\n", "defaults: {model: m}\n", "prompts:\n", "  - a\n", "  - {prompt: b, id: c}\n",
            "- ",
            "[", "]", "{", "}", "&a ", "*a", "<<: ", "\"", "'", "|\n", "seeds: ", "4", "---\n", "x-a: ", "\t", " ",
            "\n",
            "output: ", "limits: ", "\u{0}", "é", "!!str ", "? ", ": ", "#", "%TAG", "\r",
        ]
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<1500 {
            let text = (0..<Int.random(in: 0..<25, using: &generator))
                .map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
            do {
                for batch in try load(text, in: folder) { try batch.expand { _ in } }
            } catch let error as ManifestError {
                #expect(error.kind == .invalid && !error.diagnostics.isEmpty, "\(text.debugDescription)")
                #expect(error.diagnostics.allSatisfy { $0.line > 0 && $0.column > 0 }, "\(text.debugDescription)")
            }
        }
    }
}
