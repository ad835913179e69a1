package import Logging
package import NightjarCore
package import NightjarRunner
internal import ServiceLifecycle
internal import Synchronization

/// Keeps a runner running: where the output or the state cannot be written, it waits until they can, and begins anew. A
/// start after trouble is the same as one after a crash.
package final class RunnerSupervisor: Service, BatchRunners {
    /// What ends the daemon.
    package struct Failure: Error, Equatable {
        package var exit: ExitCode
        package var words: String
    }

    /// Makes a runner that is to run for ever.
    package typealias Make =
        @Sendable (
            _ settings: RunSettings, _ asked: [BatchID], _ told: Set<BatchID>, _ bell: AsyncStream<Void>,
            _ ended: @escaping @Sendable (BatchEnd) -> Void
        ) async throws -> Runner

    private struct State {
        var settings: RunSettings
        var runner: Runner?
        /// Why none runs, in words.
        var trouble: String?
        var isStopping = false
        /// A manifest is being taken in, which may be very long: nothing is written meanwhile.
        var isTaking = false
    }

    private let state: Mutex<State>
    /// What comes to the state while a runner begins would be counted by it, and told to it as well.
    private let turn = OneAtATime()
    private let store: any JobStore & DropStore
    private let make: Make
    private let makeBell: @Sendable () -> AsyncStream<Void>
    private let checkWritable: @Sendable () async throws -> Void
    private let ended: @Sendable (BatchEnd) -> Void
    private let draining: @Sendable () -> Void
    private let time: Timekeeper
    private let logger: Logger

    /// How soon it is looked whether what could not be written can be again.
    private static let pause: Duration = .seconds(2)

    /// - Parameters:
    ///   - makeBell: Rings when someone has left something in the state; one for each runner.
    ///   - checkWritable: Throws while the output or the state cannot be written.
    ///   - ended: Told of each batch that has come to its end.
    ///   - draining: Called when the end begins.
    package init(
        settings: RunSettings, store: any JobStore & DropStore, time: Timekeeper, logger: Logger, make: @escaping Make,
        makeBell: @escaping @Sendable () -> AsyncStream<Void>,
        checkWritable: @escaping @Sendable () async throws -> Void,
        ended: @escaping @Sendable (BatchEnd) -> Void,
        draining: @escaping @Sendable () -> Void
    ) {
        var settings = settings
        settings.isService = true
        state = Mutex(State(settings: settings))
        self.store = store
        self.time = time
        self.logger = logger
        self.make = make
        self.makeBell = makeBell
        self.checkWritable = checkWritable
        self.ended = ended
        self.draining = draining
    }

    /// - Throws: `Failure` where it cannot go on.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            while !isStopping {
                let end = await runOnce()
                // However it stood then.
                if isStopping { return }
                guard end.couldNotWrite else { throw Failure(exit: .internalError, words: end.reason) }
                await waitUntilWritable(end.reason)
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func stop() {
        let runner = state.withLock { state in
            state.isStopping = true
            return state.runner
        }
        draining()
        runner?.stop(.terminated)
    }

    private func runOnce() async -> (couldNotWrite: Bool, reason: String) {
        do {
            let runner = try await turn.taken {
                let settings = state.withLock { $0.settings }
                let (asked, told) = try await asked()
                let runner = try await make(settings, asked, told, makeBell(), ended)
                try await runner.prepare()
                state.withLock { state in
                    state.runner = runner
                    state.trouble = nil
                }
                return runner
            }
            // It may have come between.
            if isStopping { runner.stop(.terminated) }
            let outcome = await runner.run()
            state.withLock { $0.runner = nil }
            return (outcome.couldNotWrite, outcome.reason.isEmpty ? "the runner ended by itself" : outcome.reason)
        } catch {
            return Runner.ending(for: error)
        }
    }

    /// The batches of the inboxes that are not at their end, or whose end has not been told to the inbox; and of these the
    /// ones whose end has.
    private func asked() async throws -> (asked: [BatchID], told: Set<BatchID>) {
        let open = Set(try await store.openDrops().flatMap(\.batches))
        let asked = try await store.batches().filter { batch in
            batch.settings.origin != nil
                && (open.contains(batch.id)
                    || batch.count(.pending, .waiting, .submitting, .submitted, .ready, .unknown) > 0)
        }.map(\.id)
        return (asked, Set(asked).subtracting(open))
    }

    private func waitUntilWritable(_ words: String) async {
        logger.error(
            "nothing can be written; it goes on by itself when that is mended", metadata: ["reason": "\(words)"])
        state.withLock { $0.trouble = words }
        while !isStopping, !Task.isCancelled {
            try? await time.sleep(time.now() + Self.pause)
            do {
                try await checkWritable()
                logger.notice("it can be written again")
                return
            } catch {
                state.withLock { $0.trouble = Runner.words(for: error) }
            }
        }
    }

    // MARK: From outside

    /// Changes what the runner must hear of: nothing of it happens while a runner begins.
    /// - Parameter body: Takes the runner; `nil` while none runs: the next one finds it.
    private func changing<Value>(_ body: (Runner?) async throws -> Value) async rethrows -> Value {
        try await turn.taken { try await body(state.withLock { $0.runner }) }
    }

    package func take(_ intake: @Sendable () throws -> [Intake]) async throws -> [BatchID] {
        try await changing { runner in
            state.withLock { $0.isTaking = true }
            defer { state.withLock { $0.isTaking = false } }
            let intakes = try intake()
            for intake in intakes { try await runner?.add(intake.batch, changes: intake.countChanges) }
            return intakes.map(\.batch)
        }
    }

    package func carryOn(_ batches: [BatchID]) async {
        await changing { runner in
            guard let runner else { return }
            for batch in batches where !runner.knows(batch) {
                do {
                    try await runner.add(batch)
                } catch {
                    // The state cannot be read: the runner notices by itself, and the next one has the batch.
                    logger.error("a batch could not be taken up", metadata: ["reason": "\(Runner.words(for: error))"])
                }
            }
        }
    }

    /// Puts another configuration in place.
    package func apply(_ settings: RunSettings) async throws {
        var settings = settings
        settings.isService = true
        let new = settings
        try await changing { runner in
            state.withLock { $0.settings = new }
            try await runner?.apply(new)
        }
    }

    /// Why each batch waits, and the limits as they are now.
    package var view: (waits: [String: RunSnapshot.Wait], concurrency: Int, rate: Rate, unfinished: Int) {
        let (runner, settings) = state.withLock { ($0.runner, $0.settings) }
        if let runner { return runner.view }
        return ([:], settings.concurrency, settings.rate, 0)
    }

    /// What everything waits for while no runner runs.
    package var standstill: RunSnapshot.Wait? {
        state.withLock { $0.trouble }.map {
            .init(.disk, $0, action: "make room, or make it writable; it goes on by itself")
        }
    }

    /// - Returns: In words, what is wrong; `nil`: nothing, or nothing that a new start would mend.
    package func illness() async -> String? {
        let (runner, isTaking) = state.withLock { ($0.runner, $0.isTaking) }
        return isTaking ? nil : await runner?.illness()
    }

    /// How a batch ended; `nil` while it has something to do.
    package func end(of batch: BatchSummary) -> EndedBatch? {
        switch state.withLock({ $0.runner })?.fate(of: batch.id) ?? .notHere {
        case .ended(let end): EndedBatch(exit: end.exit, startedAt: batch.createdAt, finishedAt: batch.updatedAt)
        case .atWork: nil
        case .notHere: EndedBatch(finished: batch)
        }
    }

    package var progress: [BatchProgress] { state.withLock { $0.runner }?.progress ?? [] }
}
