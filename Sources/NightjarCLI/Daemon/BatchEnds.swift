internal import Logging
internal import NightjarCore
internal import NightjarDaemon
internal import NightjarFiles
internal import NightjarRunner
internal import NightjarStore
internal import ServiceLifecycle
internal import Synchronization

/// What follows from the end of a batch: its metadata, its result beside its manifest, and word to those who wait.
final class BatchEnds: Service {
    private let ends: AsyncStream<BatchEnd>
    private let continuation: AsyncStream<BatchEnd>.Continuation
    private let store: SQLiteStore
    private let logger: Logger
    private let writeMetadata: @Sendable (BatchSummary) async throws -> Void
    private let listener = Mutex<(@Sendable (BatchEnd, BatchSummary) async -> Void)?>(nil)

    init(
        store: SQLiteStore, logger: Logger, writeMetadata: @escaping @Sendable (BatchSummary) async throws -> Void
    ) {
        (ends, continuation) = AsyncStream.makeStream(of: BatchEnd.self)
        self.store = store
        self.logger = logger
        self.writeMetadata = writeMetadata
    }

    /// Says who is told of each end, when all that it needs is on disk; called once, before anything else.
    func connect(_ listener: @escaping @Sendable (BatchEnd, BatchSummary) async -> Void) {
        self.listener.withLock { $0 = listener }
    }

    /// From the runner's own task: returns at once.
    func ended(_ end: BatchEnd) {
        continuation.yield(end)
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            for await end in ends { await follow(end) }
        } onGracefulShutdown: {
            // What the runner told before it ended is still followed.
            self.continuation.finish()
        }
    }

    private func follow(_ end: BatchEnd) async {
        do {
            guard let summary = try await store.batch(end.batch) else { return }
            try await writeMetadata(summary)
            var metadata: Logger.Metadata = [
                "batch.id": "\(end.name)", "exit": "\(end.exit.rawValue)", "done": "\(summary.count(.done))",
                "spent": "\(summary.spent)",
            ]
            if !end.reason.isEmpty { metadata["reason"] = "\(end.reason)" }
            logger.log(level: end.exit == .success ? .notice : .warning, "batch finished", metadata: metadata)
            await listener.withLock { $0 }?(end, summary)
        } catch {
            // The state or the output cannot be written: the runner notices, and the next one tells of the end again.
            logger.error(
                "the end of a batch could not be put on record",
                metadata: ["batch.id": "\(end.name)", "reason": "\(Runner.words(for: error))"])
        }
    }
}
