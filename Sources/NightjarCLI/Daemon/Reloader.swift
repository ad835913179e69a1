internal import Logging
internal import NightjarDaemon
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again at each SIGHUP.
struct Reloader: Service {
    let manager: ServiceManager
    let logger: Logger
    /// Puts it in place; throws where it is not good, and then nothing has changed.
    let reload: @Sendable () async throws -> Void

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            manager.reloading()
            do {
                try await reload()
                logger.notice("the configuration has been read again")
            } catch let refusal as Refusal {
                // Every problem, as `--check` says it.
                logger.error(
                    "the configuration has mistakes, so the old one stays in place",
                    metadata: ["problems": "\(refusal.text(colour: false, asJSON: false))"])
            } catch {
                logger.error("the configuration could not be put in place", metadata: ["reason": "\(error)"])
            }
            // Whatever came of it: the service goes on.
            manager.ready()
        }
    }
}
