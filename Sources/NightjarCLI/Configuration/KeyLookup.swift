internal import FoundationEssentials
internal import JobsAPIClient
internal import NightjarCore

/// Finds the key: the file of a flag or of `NIGHTJAR_API_KEY_FILE`, `SERIKA_API_KEY`, `NIGHTJAR_API_KEY`, the file that
/// the configuration names, or systemd's credential `api-key`. No message ever holds what was read.
enum KeyLookup {
    static func find(
        flags: [Setting: String], environment: [String: String], file: ConfigurationFile
    ) throws(ConfigurationError) -> APIKey {
        if let path = flags[.apiKeyFile] { return try read(path, named: "`\(Setting.apiKeyFile.flag)`") }
        if let path = environment[Setting.apiKeyFile.environmentName], !path.isEmpty {
            return try read(path, named: "`\(Setting.apiKeyFile.environmentName)`")
        }
        for name in ["SERIKA_API_KEY", "NIGHTJAR_API_KEY"] {
            guard let text = environment[name], !text.isEmpty else { continue }
            return try key(text, named: "`\(name)`")
        }
        if let given = file.settings[.apiKeyFile] {
            return try read(given.text, named: "`\(Setting.apiKeyFile.rawValue)` of the configuration")
        }
        if let folder = environment["CREDENTIALS_DIRECTORY"] {
            let path = folder + "/api-key"
            if FileManager.default.fileExists(atPath: path) { return try read(path, named: "the credential api-key") }
        }
        throw ConfigurationError(
            exit: .configuration,
            problems: [
                "there is no API key; set `SERIKA_API_KEY`, or name a file with `--api-key-file FILE` "
                    + "(to try a manifest without a key: `nightjar run --rehearse MANIFEST`)"
            ])
    }

    private static func read(_ path: String, named name: String) throws(ConfigurationError) -> APIKey {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder,
            let data = FileManager.default.contents(atPath: path)
        else { throw problem("the key file `\(path)` (\(name)) cannot be read") }
        guard data.count <= 4096 else { throw problem("the key file `\(path)` is too large to hold a key") }
        return try key(String(decoding: data, as: UTF8.self), named: "`\(path)`")
    }

    private static func key(_ text: String, named name: String) throws(ConfigurationError) -> APIKey {
        guard let key = APIKey(text.trimmed()) else {
            throw problem("\(name) holds no key: it must be one word of printable ASCII characters")
        }
        return key
    }

    private static func problem(_ words: String) -> ConfigurationError {
        ConfigurationError(exit: .configuration, problems: [words])
    }
}
