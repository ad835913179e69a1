import Foundation
import NightjarCore
import NightjarManifest
import NightjarTestSupport
import Testing

/// Every example of `docs/manifest.md` is read, and makes what stands below it.
///
/// A `yaml` block is a manifest, or the part of one that matters; a `prompts` block after it lists what it makes; a block
/// with a `title` is a file beside it.
struct DocumentationTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/manifest.md").standardized

    struct Block {
        var kind: String
        var title: String?
        var text: String
        var line: Int
    }

    static func blocks() throws -> [Block] {
        var blocks: [Block] = []
        var open: Block?
        var indent = ""
        let lines = try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n")
        for (number, line) in lines.enumerated() {
            let isFence = line.trimmingCharacters(in: .whitespaces).hasPrefix("```")
            if let block = open, isFence {
                blocks.append(block)
                open = nil
            } else if isFence {
                indent = String(line.prefix { $0 == " " })
                let words = line.trimmingCharacters(in: .whitespaces).dropFirst(3).split(separator: " ")
                let title = words.dropFirst().first { $0.hasPrefix("title=") }?.dropFirst(6)
                open = Block(kind: String(words.first ?? ""), title: title.map(String.init), text: "", line: number + 1)
            } else {
                open?.text += line.trimmingPrefix(indent) + "\n"
            }
        }
        return blocks
    }

    /// What an example leaves out.
    private static func whole(_ text: String) -> String {
        var text = text
        func has(_ key: String) -> Bool { text.hasPrefix(key + ":") || text.contains("\n" + key + ":") }
        if !has("version") { text = "version: 1\n" + text }
        if !has("name") { text = "name: example\n" + text }
        if !has("defaults") { text = "defaults: {model: m}\n" + text }
        if !has("prompts"), !has("prompts_from") { text += "prompts: [a fox]\n" }
        return text
    }

    @Test func `every example makes what stands below it`() throws {
        let blocks = try Self.blocks()
        let folder = try TemporaryFolder()
        for block in blocks {
            if let title = block.title { try folder.write(block.text, to: title) }
        }
        var examples = 0
        var lists = 0
        for (place, block) in blocks.enumerated() where block.kind == "yaml" {
            examples += 1
            let path = try folder.write(Self.whole(block.text), to: "example.yaml")
            do {
                let batches = try ManifestFile(path: path).load()
                let following = blocks[(place + 1)...].first { $0.title == nil }
                guard let following, following.kind == "prompts" else { continue }
                lists += 1
                let made = try batches.flatMap { try $0.jobs() }.map { $0.prompt + "\n" }.joined()
                #expect(made == following.text, "line \(block.line)")
            } catch let error as ManifestError {
                Issue.record("line \(block.line): \(DiagnosticRenderer.text(error, colour: false))")
            }
        }
        #expect(examples >= 15 && lists >= 12)
    }

    @Test func `every example in the folder of examples can be run`() throws {
        let folder = Self.page.deletingLastPathComponent().appending(path: "../examples").standardized
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 2)
        for name in names {
            for batch in try ManifestFile(path: folder.appending(path: name).path).load() {
                #expect(batch.warnings.isEmpty, "\(name): \(batch.warnings)")
                #expect(try batch.jobs().count == batch.jobCount, "\(name)")
            }
        }
    }
}
