import JobsAPIClient
import NightjarCore
import Testing

/// Long enough for a loaded machine to connect, short enough to wait for.
let shortTimeout: Duration = .milliseconds(1500)
let testKey = "sk-test-0123456789"

/// Runs `body` with a client of its own, which is shut down afterwards.
@discardableResult
func withClient<Value>(
    _ baseURL: String, timeout: Duration = .seconds(20), key: String? = testKey, maxImageBytes: Int64 = 1 << 20,
    _ body: (JobsAPIClient) async throws -> Value
) async throws -> Value {
    let key = key.flatMap { APIKey($0) }
    let settings = ClientSettings(baseURL: baseURL, key: key, timeout: timeout, maxImageBytes: maxImageBytes)
    let client = try #require(JobsAPIClient(settings))
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

func request(_ prompt: String = "a fox", seed: Int64? = 42) -> ImageRequest {
    ImageRequest(prompt: prompt, parameters: .init(model: "m"), seed: seed)
}

extension SubmissionAnswer {
    var isLost: Bool { if case .lost = self { true } else { false } }
    var lossKind: Loss.Kind? { if case .lost(let loss) = self { loss.kind } else { nil } }
    var isNotSent: Bool { if case .notSent = self { true } else { false } }
    var isRejected: Bool { if case .rejected = self { true } else { false } }
}
