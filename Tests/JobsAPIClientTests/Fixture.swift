import NightjarCore
import Synchronization
import Testing

@testable import JobsAPIClient

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
    return try await withClient(
        ClientSettings(baseURL: baseURL, key: key, timeout: timeout, maxImageBytes: maxImageBytes), body)
}

@discardableResult
func withClient<Value>(
    _ settings: ClientSettings, resolver: ResultHosts.Resolver = ResultHosts.Resolver(),
    _ body: (JobsAPIClient) async throws -> Value
) async throws -> Value {
    let client = try JobsAPIClient(settings, resolver: resolver)
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

extension JobsAPIClient {
    /// What a download brought, and how it ended.
    func fetched(_ url: String) async -> (text: String, failure: DownloadFailure?) {
        let received = Mutex("")
        var failure: DownloadFailure?
        do {
            try await download(url) { bytes in received.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }
        } catch let error as DownloadFailure {
            failure = error
        } catch {
            Issue.record("\(error)")
        }
        return (received.withLock { $0 }, failure)
    }
}

extension DownloadFailure {
    var isTransient: Bool { if case .transient = self { true } else { false } }
    var isTooLarge: Bool { if case .unfetchable = self { true } else { false } }
    var isBlocked: Bool { if case .blocked = self { true } else { false } }
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
