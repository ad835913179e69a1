import Foundation
import Testing

@testable import NightjarCLI

/// The code, `docs/configuration.md`, its schema and what `init` writes know the same keys.
struct ConfigurationKeysTests {
    private static let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs")
        .standardized

    /// The rows of the table below a heading, each cell without its blanks.
    private static func rows(below heading: String) throws -> [[String]] {
        let text = try String(contentsOf: docs.appending(path: "configuration.md"), encoding: .utf8)
        let section = text.components(separatedBy: "\n\(heading)\n").dropFirst().first ?? ""
        let lines = section.components(separatedBy: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }
        return lines.dropFirst(2).map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }

    private static func bare(_ cell: String) -> String { cell.replacing("`", with: "") }

    @Test func `the page has every key of the top, with who uses it`() throws {
        let rows = try Self.rows(below: "## Every key")
        #expect(rows.map { Self.bare($0[0]) } == Setting.allCases.map(\.rawValue) + ConfigurationFile.lists)
        let ofRuns = Set(DaemonConfiguration.endings.map(\.setting) + DaemonConfiguration.useless.map(\.setting))
        for row in rows {
            #expect(row.count == 5, "\(row)")
            let key = Self.bare(row[0])
            let expected: String
            if let setting = Setting(rawValue: key) {
                expected =
                    ofRuns.contains(setting) ? "run" : Setting.ofDaemon.contains(setting) ? "daemon" : "run, daemon"
                let example = setting.example
                #expect(!example.isDefault || Self.bare(row[2]).hasPrefix(example.value), "\(key)")
            } else {
                expected = ["inbox", "notify"].contains(key) ? "daemon" : "run, daemon"
            }
            #expect(row[3] == expected, "\(key)")
            #expect(Self.bare(row[4]).hasPrefix("\(key): "), "\(key)")
        }
    }

    private static let parts = [
        ("### Inboxes", InboxEntry.keys), ("### Each day", ConfigurationFile.dailyKeys),
        ("### Notifications", NotificationEntry.keys),
    ]

    @Test(arguments: parts)
    func `the page has every key of the mappings`(heading: String, keys: [String]) throws {
        let rows = try Self.rows(below: heading)
        #expect(rows.map { Self.bare($0[0]) } == keys)
        for row in rows { #expect(row.count == 5 && Self.bare(row[4]).hasPrefix(Self.bare(row[0]) + ": "), "\(row)") }
    }

    private struct Node: Decodable {
        var properties: [String: Node]?
        var definitions: [String: Node]?
        var anyOf: [Node]?
        var description: String?
    }

    @Test func `the schema has every key of the mappings, each described`() throws {
        let data = try Data(contentsOf: Self.docs.appending(path: "schema/configuration.schema.json"))
        let schema = try JSONDecoder().decode(Node.self, from: data)
        func keys(_ node: Node?) -> Set<String> {
            for (name, value) in node?.properties ?? [:] { #expect(value.description?.isEmpty == false, "\(name)") }
            return Set((node?.properties ?? [:]).keys)
        }
        #expect(keys(schema.definitions?["inbox"]?.anyOf?.last) == Set(InboxEntry.keys))
        #expect(keys(schema.definitions?["notification"]) == Set(NotificationEntry.keys))
        #expect(keys(schema.properties?["daily"]) == Set(ConfigurationFile.dailyKeys))
    }

    @Test func `what init writes has every key of the mappings`() {
        for (heading, keys) in Self.parts {
            // A command or two kinds of address: all stand in one entry or another.
            for key in keys {
                let line = try? Regex("(?m)^ *#(- )?\(key): ")
                #expect(line.map { ExampleFiles.configuration.contains($0) } == true, "\(heading): \(key)")
            }
        }
    }

    private static let python = ProcessInfo.processInfo.environment["NIGHTJAR_PYTHON"]

    /// Mistakes that a schema does not see: of the machine, of several keys, of what is too much of a secret.
    private static let unseen: Set = ["broken", "no-inbox"]

    @Test(.enabled(if: python != nil, "set NIGHTJAR_PYTHON to an interpreter with `jsonschema` and `pyyaml`"))
    func `the schema accepts the example, and refuses the mistakes that it can see`() throws {
        let root = Self.docs.deletingLastPathComponent()
        let fixtures = root.appending(path: "Tests/NightjarCLITests/Configuration/Fixtures")
        let example = root.appending(path: "examples/daemon/nightjar.yaml").path
        let names = ConfigurationFixtureTests.names.filter { !Self.unseen.contains($0) }
        let files = [example] + names.map { fixtures.appending(path: "\($0).yaml").path }
        let output = Pipe()
        let process = Process()
        process.executableURL = URL(filePath: Self.python ?? "")
        process.arguments =
            [
                root.appending(path: "Tests/SchemaCheck/check_schemas.py").path,
                Self.docs.appending(path: "schema/configuration.schema.json").path,
            ] + files
        process.standardOutput = output
        try process.run()
        let lines = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            .split(separator: "\n")
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(lines.first == "valid \(example)")
        #expect(lines.dropFirst().count == names.count)
        for line in lines.dropFirst() { #expect(line.hasPrefix("invalid "), "\(line)") }
    }
}
