internal import JobsAPIClient
internal import NightjarCore
internal import NightjarRunner

extension Composition {
    /// The API as the settings say that it is spoken to.
    /// - Parameters:
    ///   - environment: Names the proxies.
    ///   - readKey: Looks the key up again, where the run waits for another one.
    static func client(
        _ configuration: RunConfiguration, key: APIKey?, baseURL: String, connections: Int,
        environment: [String: String], readKey: (@Sendable () -> APIKey?)? = nil
    ) throws(Refusal) -> JobsAPIClient {
        do {
            var settings = try clientSettings(configuration, key: key, environment: environment)
            settings.readKey = readKey
            settings.baseURL = baseURL
            settings.connections = connections
            return try JobsAPIClient(settings)
        } catch {
            throw Refusal(.configuration, "\(error)")
        }
    }

    /// - Throws: What is wrong with a proxy.
    static func clientSettings(
        _ configuration: RunConfiguration, key: APIKey?, environment: [String: String]
    ) throws(ClientSettingsError) -> ClientSettings {
        // A rehearsal's API is in the process itself.
        let proxies = key == nil ? ProxySettings.none : try ProxySettings(environment: environment)
        return ClientSettings(
            baseURL: configuration.baseURL, key: key, timeout: configuration.run.timeout,
            maxImageBytes: configuration.maxImageBytes, caFile: configuration.caFile, proxies: proxies,
            resultHosts: configuration.resultHosts)
    }
}
