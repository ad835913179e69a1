import NightjarCore
import NightjarRunner
import NightjarStore
import NightjarTestSupport
import Synchronization

/// Everything that a run needs, in memory, on a clock of its own.
final class Bench: Sendable {
    let clock: ManualClock
    let store: any JobStore
    let service: ScriptedService
    let tree: ScriptedTree
    let events = EventRecorder()
    private let fault: @Sendable (WatchedStore.Call) async -> (any Error)?
    private let recorded = Mutex<[BatchEnd]>([])
    /// Ends of batches that a daemon has told of.
    var ends: [BatchEnd] { recorded.withLock { $0 } }
    private let bell = Mutex<AsyncStream<Void>.Continuation?>(nil)

    init(
        _ script: ScriptedService.Script = ScriptedService.Script(), tree: ScriptedTree = ScriptedTree(),
        after earlier: Bench? = nil, start: WallTime? = nil,
        fault: @escaping @Sendable (WatchedStore.Call) async -> (any Error)? = { _ in nil }
    ) throws {
        clock =
            earlier?.clock
            ?? start.map { ManualClock(movesWhenIdle: true, start: $0) } ?? ManualClock(movesWhenIdle: true)
        store = try earlier?.store ?? SQLiteStore.inMemory()
        service = ScriptedService(clock, script)
        self.tree = tree
        self.fault = fault
    }

    /// Takes in a batch of `count` jobs with prompts of their own.
    @discardableResult
    func takeIn(
        _ name: String = "spring", jobs count: Int, model: String = "model-a",
        limits: BatchSettings.Limits = BatchSettings.Limits(), retry: BatchSettings.Retry = BatchSettings.Retry(),
        schedule: BatchSettings.Schedule? = nil, origin: BatchSettings.Origin? = nil
    ) throws -> BatchID {
        let jobs = (0..<count).map { PlannedJob.sample("\(name), prompt \($0)", model: model) }
        let settings = BatchSettings(name: name, limits: limits, retry: retry, schedule: schedule, origin: origin)
        return try store.takeIn(settings, jobs, now: clock.wall).batch
    }

    /// Runs to the end; a daemon until its batches have ended.
    /// - Parameters:
    ///   - asked: All batches where it is `nil`.
    ///   - ends: After so many ends of batches a daemon is stopped; `nil`: one of each asked batch.
    ///   - meanwhile: What happens beside the run; cancelled with its end.
    func run(
        _ settings: RunSettings = RunSettings(), asked: [BatchID]? = nil, ends: Int? = nil,
        meanwhile: @escaping @Sendable (Runner) async throws -> Void = { _ in }
    ) async throws -> RunOutcome {
        let batches = try await store.batches().map(\.id)
        let (rings, continuation) = AsyncStream.makeStream(of: Void.self)
        bell.withLock { $0 = continuation }
        let enough = ends ?? (asked ?? batches).count
        let running = Locked<Runner?>(nil)
        return try await clock.run {
            let runner = try await Runner(
                settings: settings, asked: asked ?? batches, store: WatchedStore(store, clock, fault: fault),
                service: service, tree: tree, observer: events, time: clock.timekeeper, bell: rings, jitter: { 0.5 },
                ended: { end in
                    let count = self.recorded.withLock { ends in
                        ends.append(end)
                        return ends.count
                    }
                    if count >= enough { running.value?.stop(.terminated) }
                })
            running.withLock { $0 = runner }
            return await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await meanwhile(runner) }
                let outcome = await runner.run()
                group.cancelAll()
                return outcome
            }
        }
    }

    /// Tells the run that something was left for it in the state.
    func ring() {
        _ = bell.withLock { $0?.yield() }
    }

    /// Leaves an order as another process would, and rings.
    /// - Parameter batch: `nil`: every batch.
    func say(_ order: Order, of batch: BatchID?, at second: Int) async throws {
        try await clock.sleep(until: .seconds(second))
        try await clock.busy { _ = try await store.leave(order, for: batch, now: clock.wall) }
        ring()
    }

    /// Leaves a decision as another process would, and rings.
    func say(_ decision: Decision, ofJob place: Int, in name: String = "spring", at second: Int) async throws {
        try await clock.sleep(until: .seconds(second))
        try await clock.busy {
            let key = try await store.jobs(of: name)[place].key.description
            let job = try await store.findJobs(key, batch: name)[0]
            _ = try await store.leave(decision, for: job.id, now: clock.wall)
        }
        ring()
    }

    /// When jobs of a batch were submitted.
    func submissions(of name: String) -> [Duration] {
        service.submissions.filter { $0.request.prompt.hasPrefix("\(name), ") }.map(\.time)
    }

    /// Jobs by state, as the rows say.
    func states(_ batch: String? = nil) async throws -> [JobState: Int] {
        try await store.jobs(of: batch).reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }

    func spent(_ name: String = "spring") async throws -> Money? {
        try await store.batches().first { $0.settings.name == name }?.spent
    }
}

extension RunSettings {
    /// Settings that do not limit: what a test wants to see limited, it sets.
    static func with(
        concurrency: Int = 8, rate: Rate = Rate(requests: 1000, per: .second),
        _ change: (inout RunSettings) -> Void = { _ in }
    ) -> RunSettings {
        var settings = RunSettings()
        settings.pilot = 0
        settings.concurrency = concurrency
        settings.rate = rate
        change(&settings)
        return settings
    }
}

/// The most of `times` that lie in any window of this length, its end not included.
func mostWithin(_ window: Duration, of times: [Duration]) -> Int {
    let times = times.sorted()
    var most = 0
    var first = 0
    for (place, time) in times.enumerated() {
        while times[first] + window <= time { first += 1 }
        most = max(most, place - first + 1)
    }
    return most
}
