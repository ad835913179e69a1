import Foundation
import NightjarCore
import NightjarManifest
import Testing

/// Pairs in `Fixtures`: `name.yaml` and what is said about it, `name.expected.txt`.
///
/// With `NIGHTJAR_RECORD=1` the expectations are written anew; read the difference before keeping it.
struct ManifestFixtureTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func `there are fixtures`() {
        #expect(Self.names.count >= 40)
    }

    @Test(arguments: names)
    func `a wrong manifest is told so in these words`(name: String) throws {
        let file = Self.folder.appending(path: "\(name).yaml").path
        var text = ""
        do throws(ManifestError) {
            for batch in try ManifestFile(path: file).load() {
                text += batch.warnings.map { DiagnosticRenderer.text($0, colour: false) }.joined(separator: "\n")
                text += "\(batch.settings.name): \(batch.jobCount) jobs\n"
            }
        } catch {
            text = DiagnosticRenderer.text(error, colour: false)
        }
        text = text.replacing(Self.folder.path + "/", with: "")
        let expectation = Self.folder.appending(path: "\(name).expected.txt")
        if ProcessInfo.processInfo.environment["NIGHTJAR_RECORD"] == "1" {
            try Data(text.utf8).write(to: expectation)
        }
        #expect(try text == String(contentsOf: expectation, encoding: .utf8))
    }
}
