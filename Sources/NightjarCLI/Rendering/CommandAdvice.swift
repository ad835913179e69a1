package import NightjarCore

/// Commands that other commands tell people to type: they find the same state as the one that tells.
package struct CommandAdvice: Sendable {
    /// ` --output night`, say; empty where nothing was given.
    private let stateFlags: String

    package init(output: String? = nil, state: String? = nil, config: String? = nil) {
        let given = [("--output", output), ("--state", state), ("--config", config)]
        stateFlags = given.map { name, value in value.map { " \(name) \(ShellWord.quoted($0))" } ?? "" }.joined()
    }

    /// `nightjar` with these words.
    package func command(_ words: String...) -> String {
        "nightjar " + words.joined(separator: " ") + stateFlags
    }

    package func why(_ job: String) -> String { command("why", ShellWord.quoted(job)) }

    package func adopt(_ remoteID: String, as job: String, of batch: String) -> String {
        command("retry", ShellWord.quoted(batch), "--job", ShellWord.quoted(job), "--adopt", ShellWord.quoted(remoteID))
    }

    package func resubmit(_ job: String, of batch: String) -> String {
        command("retry", ShellWord.quoted(batch), "--job", ShellWord.quoted(job), "--resubmit")
    }

    package func retry(_ job: String, of batch: String) -> String {
        command("retry", ShellWord.quoted(batch), "--job", ShellWord.quoted(job))
    }

    package func resume(_ job: String, of batch: String) -> String {
        command("resume", ShellWord.quoted(batch), "--job", ShellWord.quoted(job))
    }

    /// What lets a paused batch go on.
    package func resume(_ batch: BatchSummary) -> String {
        command("resume", batch.isAllPaused ? "--all" : ShellWord.quoted(batch.settings.name))
    }

    /// What runs a batch where nobody does: one of an inbox is the daemon's.
    func run(_ batch: BatchSettings) -> String {
        batch.origin != nil ? "systemctl start nightjar" : command("run", "MANIFEST")
    }

    /// In words, what runs these batches where nobody does.
    static func toGoOn(_ batches: [String], ofInboxes inboxes: Set<String>) -> String {
        let ofRuns = batches.filter { !inboxes.contains($0) }
        let daemon = "`systemctl start nightjar` or `nightjar daemon`"
        guard let first = ofRuns.first else { return daemon }
        let run = "`nightjar run` with \(ofRuns.count == 1 ? "the manifest of `\(first)`" : "their manifests")"
        return ofRuns.count == batches.count ? run : "\(run), and then \(daemon)"
    }

    /// What another process has said to type, with what finds this state.
    package func completed(_ action: String) -> String {
        action.hasPrefix("nightjar ") ? action + stateFlags : action
    }
}
