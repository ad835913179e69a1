internal import JobsAPIServer
internal import Logging
internal import NightjarCore
internal import Synchronization

/// A Jobs API inside the process: the real server on a free port of this machine, with a queue of its own.
enum Rehearsal {
    /// Long enough to see a batch move, short enough to wait for.
    private static let jobTime: Duration = .milliseconds(400)
    private static let workers = 4
    static let rate = Rate(requests: 50, per: .second)

    /// Runs `body` against it.
    static func run<Value: Sendable>(
        folder: String, body: @escaping @Sendable (_ baseURL: String) async throws -> Value
    ) async throws -> Value {
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        let server = try JobsAPIServer(
            ServerSettings(stateFile: folder + "/queue.sqlite3", workers: workers, jobTime: jobTime),
            logger: Logger(label: "nightjar.rehearsal") { _ in SwiftLogNoOpLogHandler() },
            onListening: { port in continuation.yield(port) })
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await server.run()
                return nil
            }
            group.addTask {
                for await port in ports { return try await body("http://127.0.0.1:\(port)/api/openai/v1") }
                return nil
            }
            while let result = try await group.next() {
                if let result {
                    group.cancelAll()
                    return result
                }
            }
            throw Refusal(.internalError, "the rehearsal's own Jobs API did not start")
        }
    }
}
