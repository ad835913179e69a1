import Foundation
import NightjarTestSupport
import Testing

@testable import NightjarCLI

/// The configuration that `init` writes, and the schema that editors check it by.
struct ConfigurationExampleTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func configuration(_ text: String) throws -> RunConfiguration {
        let file = ConfigurationFile(path: try folder.write(text, to: "nightjar.yaml"))
        return try RunConfiguration(flags: [:], environment: [:], file: file)
    }

    @Test func `what is called a default is the default`() throws {
        let usual = Setting.allCases.filter(\.example.isDefault).map { "\($0.rawValue): \($0.example.value)\n" }
            .joined()
        #expect(try "\(configuration(usual))" == "\(configuration(""))")
    }

    private static func used(_ text: String) -> String {
        text.replacing(/(?m)^( *)#(?=[^ \n])/) { "\($0.1)" }
    }

    @Test func `as it stands it sets nothing, and all of it can be used`() throws {
        let text = ExampleFiles.configuration
        #expect(try "\(configuration(text))" == "\(configuration(""))")
        let file = ConfigurationFile(path: try folder.write(Self.used(text), to: "all.yaml"))
        #expect(file.mistakes == nil)
        #expect(Set(file.settings.keys) == Set(Setting.allCases))
        #expect(!file.prices.isEmpty && !file.resultHosts.isEmpty && !file.modelConcurrency.isEmpty)
        #expect(file.daily != nil && file.inboxes.count == 2 && file.notifications.count == 3)
        _ = try RunConfiguration(flags: [:], environment: [:], file: file)
    }

    @Test func `the daemon's part can be used, with folders that are there`() throws {
        let parts = ExampleFiles.configuration.components(separatedBy: ExampleFiles.daemonPart)
        #expect(parts.count == 2)
        for name in ["ntfy-address", "ntfy-token"] { try folder.write("x", to: "etc/\(name)") }
        for name in ["inbox", "team/inbox"] { try folder.write("", to: "srv/\(name)/x") }
        let daemon = Self.used(parts[1]).replacing("/srv/nightjar", with: folder.path("srv"))
            .replacing("/etc/nightjar", with: folder.path("etc"))
            .replacing("/usr/local/bin/page-somebody", with: "/bin/sh").replacing(
                "group: users", with: "group: \(getegid())")
        let text = "output: \(folder.path("images"))\nprices: {m: 0.01}\n" + daemon
        let read = try DaemonConfiguration.load(
            flags: [:], config: folder.write(text, to: "daemon.yaml"), environment: ["SERIKA_API_KEY": "k"])
        #expect(read.warnings.isEmpty)
        let plain = try DaemonConfiguration.load(
            flags: [:], config: folder.write("inbox: /tmp/nightjar-absent/inbox", to: "plain.yaml"),
            environment: ["SERIKA_API_KEY": "k"])
        #expect(read.settleInbox == plain.settleInbox && read.rescan == plain.rescan && read.http == plain.http)
        #expect(read.logLevel == plain.logLevel)
    }

    private struct Schema: Decodable {
        struct Property: Decodable {
            var description: String
        }

        var properties: [String: Property]
    }

    @Test func `the schema has every key, with the defaults that hold`() throws {
        let text = try #require(ExampleFiles.schemas.first { $0.name == "configuration.schema.json" }?.text)
        let schema = try JSONDecoder().decode(Schema.self, from: Data(text.utf8))
        #expect(Set(schema.properties.keys) == Set(Setting.allCases.map(\.rawValue) + ConfigurationFile.lists))
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let properties = try #require(object?["properties"] as? [String: [String: Any]])
        for setting in Setting.allCases {
            let written = properties[setting.rawValue]?["default"].map { "\($0)" }
            let example = setting.example
            #expect((written != nil) == example.isDefault, "\(setting)")
            // Foundation may say 0 for `false`.
            if let written, example.value != "false" { #expect(written == example.value, "\(setting)") }
        }
    }

    @Test func `the schemas that were built in are those of docs`() throws {
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/schema")
            .standardized
        for (name, text) in ExampleFiles.schemas {
            #expect(try text == String(contentsOf: docs.appending(path: name), encoding: .utf8), "\(name)")
        }
    }
}
