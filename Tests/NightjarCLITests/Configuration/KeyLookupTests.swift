import JobsAPIClient
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarCLI

@Suite struct KeyLookupTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Keys print as `[key]`; which one was found shows by what it strikes out.
    private func found(
        flags: [Setting: String] = [:], environment: [String: String] = [:], file: ConfigurationFile? = nil
    ) throws -> String? {
        let key = try KeyLookup.find(flags: flags, environment: environment, file: file ?? ConfigurationFile())
        return ["from-flag", "from-env-file", "from-serika", "from-nightjar", "from-file", "from-credential"].first {
            key.redacted($0) == "[key]"
        }
    }

    @Test func `the nearer source wins`() throws {
        let configured = ConfigurationFile(
            path: try folder.write("api_key_file: \(folder.write("from-file\n", to: "f"))", to: "nightjar.yaml"))
        var environment = ["CREDENTIALS_DIRECTORY": folder.path("credentials")]
        try folder.write("from-credential", to: "credentials/api-key")
        #expect(try found(environment: environment) == "from-credential")
        #expect(try found(environment: environment, file: configured) == "from-file")
        environment["NIGHTJAR_API_KEY"] = "from-nightjar"
        #expect(try found(environment: environment, file: configured) == "from-nightjar")
        environment["SERIKA_API_KEY"] = "from-serika"
        #expect(try found(environment: environment, file: configured) == "from-serika")
        environment["NIGHTJAR_API_KEY_FILE"] = try folder.write("from-env-file\n", to: "e")
        #expect(try found(environment: environment, file: configured) == "from-env-file")
        let flags: [Setting: String] = [.apiKeyFile: try folder.write("  from-flag \n", to: "k")]
        #expect(try found(flags: flags, environment: environment, file: configured) == "from-flag")
    }

    @Test func `no key, an empty file, a folder and a key of two words are refused without showing anything`() throws {
        let twoWords = try folder.write("secret words", to: "two")
        for (flags, environment) in [
            ([:], [:]), ([.apiKeyFile: try folder.write("\n", to: "empty")], [:]), ([.apiKeyFile: folder.path], [:]),
            ([.apiKeyFile: folder.path("missing")], [:]), ([.apiKeyFile: twoWords], [:]),
            ([:], ["SERIKA_API_KEY": "secret words"]), ([:], ["CREDENTIALS_DIRECTORY": folder.path]),
        ] as [([Setting: String], [String: String])] {
            let error = #expect(throws: ConfigurationError.self) { try found(flags: flags, environment: environment) }
            #expect(error?.exit == .configuration)
            #expect(error?.problems.allSatisfy { $0.count { $0 == "`" } % 2 == 0 } == true, "every quote is closed")
            #expect(error?.problems.contains { $0.contains("secret") } == false)
        }
    }
    @Test func `a file that the configuration names and that is not there is told with both names`() throws {
        let configured = ConfigurationFile(path: try folder.write("api_key_file: /nowhere/key", to: "nightjar.yaml"))
        let error = #expect(throws: ConfigurationError.self) { try found(file: configured) }
        #expect(
            error?.problems == ["the key file `/nowhere/key` (`api_key_file` of the configuration) cannot be read"])
    }
}
