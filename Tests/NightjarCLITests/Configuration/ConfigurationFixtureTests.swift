import Foundation
import NightjarCore
import NightjarManifest
import Testing

@testable import NightjarCLI

/// Pairs in `Fixtures`: `name.yaml`, read for the daemon, and what is said about it, `name.expected.txt`.
///
/// With `NIGHTJAR_RECORD=1` the expectations are written anew; read the difference before keeping it.
struct ConfigurationFixtureTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func `there are fixtures`() {
        #expect(Self.names.count >= 8)
    }

    private func words(_ name: String) -> String {
        var text = "nothing is wrong\n"
        do throws(Refusal) {
            _ = try DaemonConfiguration.load(
                flags: [:], config: Self.folder.appending(path: "\(name).yaml").path,
                environment: ["PATH": "/usr/bin:/bin"], workingFolder: "/tmp/nightjar-absent")
        } catch {
            text = "exit \(error.exit.rawValue)\n" + error.text(colour: false, asJSON: false)
        }
        return text.replacing(Self.folder.path + "/", with: "")
    }

    @Test(arguments: names)
    func `a wrong configuration is told so in these words`(name: String) throws {
        let text = words(name)
        let expectation = Self.folder.appending(path: "\(name).expected.txt")
        if ProcessInfo.processInfo.environment["NIGHTJAR_RECORD"] == "1" {
            try Data(text.utf8).write(to: expectation)
        }
        #expect(try text == String(contentsOf: expectation, encoding: .utf8))
    }

    @Test func `no secret is shown`() {
        let text = words("secrets")
        #expect(text.contains("10 errors"))
        #expect(!text.contains("hunter2"))
    }
}
