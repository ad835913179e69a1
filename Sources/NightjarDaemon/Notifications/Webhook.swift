internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NightjarCore

/// A web address that notifications are posted to. Neither it nor its token is ever told: the address of many a chat is
/// its password.
struct Webhook: Sendable {
    let url: String?
    let urlFile: String?
    let tokenFile: String?
    let format: NotificationSettings.Format

    static let patience: Duration = .seconds(10)

    /// What it is called in the log.
    var name: String {
        if let urlFile { return "the webhook of `\(urlFile)`" }
        let host = url.flatMap { URL(string: $0)?.host() }
        return "the webhook at `\(host ?? "no host")`"
    }

    /// One try.
    func deliver(_ notification: Notification, by client: HTTPClient) async -> Delivery {
        let request: HTTPClientRequest
        do throws(SecretFile.Unreadable) {
            request = try self.request(notification)
        } catch {
            return .failed(error.words)
        }
        do {
            let response = try await client.execute(
                request, deadline: .now() + .nanoseconds(Int64(Self.patience.milliseconds) * 1_000_000))
            return Self.delivery(response)
        } catch {
            return .failed(Self.words(error))
        }
    }

    private func request(_ notification: Notification) throws(SecretFile.Unreadable) -> HTTPClientRequest {
        let address: String
        if let urlFile {
            address = try SecretFile.read(urlFile)
        } else {
            address = url ?? ""
        }
        guard let parts = URL(string: address), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host()?.isEmpty == false
        else { throw SecretFile.Unreadable(words: "its address is not one of http or https") }
        let message = NotificationMessage(notification, as: format)
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "User-Agent", value: "nightjar")
        for (name, value) in message.headers { request.headers.add(name: name, value: value) }
        if let tokenFile {
            request.headers.add(name: "Authorization", value: "Bearer \(try SecretFile.read(tokenFile))")
        }
        request.body = .bytes(ByteBuffer(string: message.body))
        return request
    }

    private static func delivery(_ response: HTTPClientResponse) -> Delivery {
        let status = Int(response.status.code)
        switch status {
        case 200..<300: return .delivered
        case 408, 425, 429, 500...:
            let header = response.headers.first(name: "Retry-After")
            let wait = RetryAfterHeader.parse(header, date: response.headers.first(name: "Date")).delay
            return .failed("it answers \(status)", retryAfter: wait)
        default: return .refused("it answers \(status)")
        }
    }

    /// In words of our own: those of the library may hold the address.
    private static func words(_ error: any Error) -> String {
        switch error as? HTTPClientError {
        case .deadlineExceeded?, .readTimeout?, .writeTimeout?: "no answer within \(patience.spoken)"
        case .connectTimeout?: "it cannot be reached within \(patience.spoken)"
        case .cancelled?: "the daemon ends"
        case .remoteConnectionClosed?: "the connection broke"
        case _?: "the request could not be sent"
        case nil where error is CancellationError: "the daemon ends"
        case nil: "it cannot be reached"
        }
    }
}
