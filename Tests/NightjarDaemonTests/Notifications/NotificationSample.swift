import Foundation
import NightjarCore
import NightjarDaemon
import NightjarTestSupport

extension NightjarDaemon.Notification {
    static func sample(
        _ occasion: NotificationSettings.Occasion = .finished, title: String = "spring: 200 images are there",
        text: String = "cost 2.00\nlook at them", exit: Int32? = 0
    ) -> Self {
        var batch = JSONWriter()
        batch.add("name", "spring")
        return Self(
            occasion, title: title, text: text, time: WallTime(milliseconds: 1_772_323_200_000), exit: exit,
            batches: [batch])
    }
}

extension ScriptedServer {
    /// Answers each request by its number, from 1.
    convenience init(numbered answer: @escaping @Sendable (Int) -> String) {
        let count = Locked(0)
        self.init(answering: { _ in
            answer(
                count.withLock { count in
                    count += 1
                    return count
                })
        })
    }
}

extension NotificationSettings {
    init(
        url: String, _ format: Format = .json, token: String? = nil, _ occasions: Set<Occasion> = Set(Occasion.allCases)
    ) {
        self.init(
            occasions: occasions, target: .webhook(url: url, urlFile: nil, tokenFile: token, format: format))
    }

    init(command: String...) {
        self.init(occasions: Set(Occasion.allCases), target: .command(command))
    }
}

extension Notifier {
    /// Delivers while `body` runs.
    func running(_ body: (Notifier) async throws -> Void) async throws {
        let task = Task { try await run() }
        do {
            try await body(self)
        } catch {
            task.cancel()
            throw error
        }
        task.cancel()
        _ = await task.result
    }
}

/// Looks every few milliseconds; the time limit of the suite ends it.
func until(_ condition: @Sendable () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
