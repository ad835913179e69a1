internal import NightjarCore
internal import NightjarDaemon
internal import ServiceLifecycle
internal import Synchronization

/// Once a second: the line that systemd shows, and more time while the daemon sees home what runs.
struct DaemonPulse: Service {
    let manager: ServiceManager
    let supervisor: RunnerSupervisor
    let time: Timekeeper
    let isDraining: @Sendable () -> Bool
    /// Told of how things stand each second.
    let notice: @Sendable ([BatchProgress], [String: RunSnapshot.Wait], RunSnapshot.Wait?) async -> Void

    private static let pause: Duration = .seconds(1)
    /// Longer than a pulse, so that one that comes late is none too late.
    private static let extension_: Duration = .seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let (progress, waits) = (supervisor.progress, supervisor.view.waits)
                manager.status(Self.line(progress, waits, supervisor.standstill, isDraining: isDraining()))
                if isDraining() { manager.extendTimeout(by: Self.extension_) }
                await notice(progress, waits, supervisor.standstill)
                try? await time.sleep(time.now() + Self.pause)
            }
        }
    }

    /// `2 batches: 120 of 400 images, 8 running; spring waits for its window, opens 22:00 Europe/Paris`.
    static func line(
        _ batches: [BatchProgress], _ waits: [String: RunSnapshot.Wait], _ standstill: RunSnapshot.Wait?,
        isDraining: Bool
    ) -> String {
        if let standstill { return "waits: \(standstill.words)" }
        let left = batches.filter { $0.count(.pending, .submitting, .submitted, .ready, .unknown, .waiting) > 0 }
        guard !left.isEmpty else { return isDraining ? "stopping" : "waiting for manifests" }
        let done = left.reduce(0) { $0 + $1.count(.done) }
        let total = left.reduce(0) { $0 + $1.total }
        let running = left.reduce(0) { $0 + $1.count(.submitting, .submitted, .ready) }
        let name = left.count == 1 ? Cells.plain(left[0].batch) : "\(left.count) batches"
        var line = "\(name): \(done) of \(total) images, \(running) running"
        let waiting = left.compactMap { batch in waits[batch.batch].map { "\(batch.batch) \($0.words)" } }
        if running == 0, let first = waiting.first { line += "; \(Cells.plain(first))" }
        return isDraining ? "stopping; " + line : line
    }
}
