import Foundation
import Glibc
import Logging
import NightjarCore
import NightjarDashboard
import NightjarTestSupport

/// A dashboard that is being served on a free port, and what a browser says to it, byte by byte.
struct ServedPage {
    let port: Int

    /// Serves while `body` runs.
    static func serve(
        host: String = "127.0.0.1", batches: @escaping @Sendable () async throws -> [BatchSummary] = { [] },
        snapshot: RunSnapshot? = nil, health: (isWell: Bool, words: String) = (true, "ok"),
        body: @Sendable (ServedPage) async throws -> Void
    ) async throws {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let dashboard = Dashboard(
            DashboardSettings(host: host, port: 0), time: .system(bootID: "test"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, summaries: batches,
            snapshot: { snapshot }, health: { health }, onListening: { continuation.yield($0) })
        let service = Task { try await dashboard.run() }
        do {
            if let port = await ports.first(where: { _ in true }) { try await body(ServedPage(port: port)) }
        } catch {
            service.cancel()
            throw error
        }
        service.cancel()
        _ = await service.result
    }

    /// Sends a request with these lines of its head, and reads until the other side closes.
    func answer(_ lines: String...) async throws -> String {
        try await raw(lines.joined(separator: "\r\n") + "\r\nConnection: close\r\n\r\n")
    }

    func page(_ path: String = "/", host: String = "localhost") async throws -> String {
        try await answer("GET \(path) HTTP/1.1", "Host: \(host)")
    }

    func raw(_ text: String) async throws -> String {
        // Reading blocks: not on the few threads that all tasks share.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.exchange(text, port: port) })
            }
        }
    }

    private struct NoConnection: Error {
        let code = errno
    }

    private static func exchange(_ text: String, port: Int) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw NoConnection() }
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer[..<count]
        }
    }
}

extension BatchSummary {
    static func sample(
        _ name: String, _ counts: [JobState: Int], id: Int64 = 1, updated: Int64 = 0, paused: Bool = false,
        spent: Money = .zero, throughput: Double? = nil
    ) -> BatchSummary {
        BatchSummary(
            id: BatchID(id), settings: BatchSettings(name: name), counts: counts, paused: paused, spent: spent,
            createdAt: WallTime(milliseconds: 0), updatedAt: WallTime(milliseconds: updated), throughput: throughput)
    }
}
