internal import JobsAPIClient
internal import NightjarCore

extension Composition {
    /// The API as the settings say that it is spoken to.
    /// - Parameter environment: Names the proxies.
    static func client(
        _ configuration: RunConfiguration, key: APIKey?, baseURL: String, connections: Int,
        environment: [String: String]
    ) throws(Refusal) -> JobsAPIClient {
        let client = JobsAPIClient(
            ClientSettings(
                baseURL: baseURL, key: key, timeout: configuration.run.timeout, connections: connections,
                maxImageBytes: configuration.maxImageBytes))
        guard let client else { throw Refusal(.configuration, "`\(baseURL)` is not an address of a Jobs API") }
        return client
    }
}
