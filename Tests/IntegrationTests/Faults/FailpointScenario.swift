import NightjarCore

/// A run that is killed at one or more failpoints, and the end that it must come to all the same.
struct FailpointScenario: Sendable, CustomStringConvertible {
    /// One process each, killed in this order: `NAME` or `NAME:N`.
    var kills: [String]
    /// Of the fault server.
    var settings = #"{"job_time": 0.1}"#
    var prompts = 3
    /// Further keys of the manifest.
    var more = ""
    /// While the first process runs: `retry` of the job that has failed.
    var decides = false

    /// The end.
    var exit: Int32 = 0
    var failed = 0
    /// Images that the server bills beyond one a job; they are accepted before the second process starts.
    var duplicates = 0

    var description: String { kills.joined(separator: ", ") }

    /// Every failpoint; a new one does not compile before it has a scenario.
    static func all(of failpoint: Failpoint) -> [FailpointScenario] {
        switch failpoint {
        case .takenIn: at(failpoint, 1)
        case .recovered: at(failpoint, 1) + [FailpointScenario(kills: ["claimed:1", "recovered"])]
        case .outputChecked: at(failpoint, 1, 2)
        case .requestsReserved: [FailpointScenario(kills: ["requestsReserved", "requestsReserved"])]
        case .claimed:
            at(failpoint, 1)
                + [FailpointScenario(kills: ["claimed:2", "claimed"], more: "limits: {concurrency: 1}")]
        case .answered: at(failpoint, 1, 3)
        case .accepted: at(failpoint, 1, 3)
        case .lossRecorded: at(failpoint, 1, settings: #"{"job_time": 0.1, "post_script": ["close_after"]}"#)
        case .turnedAway:
            at(
                failpoint, 1, 2,
                settings: #"{"post_script": ["throttled", "throttled", "throttled"], "retry_after_seconds": 0.2}"#)
        case .evidenceNoted: at(failpoint, 1, settings: absent)
        case .candidatesNoted: at(failpoint, 1, settings: #"{"job_time": 2, "post_script": ["close_after"]}"#)
        case .adopted: at(failpoint, 1, settings: #"{"job_time": 0.1, "post_script": ["close_after"]}"#)
        case .claimedAgain: at(failpoint, 1, settings: absent)
        case .duplicateNoted, .duplicateKept:
            [
                // Watched submissions are looked for soon after a start, and sparingly later.
                FailpointScenario(kills: ["delivered:2", failpoint.rawValue], settings: late, duplicates: 1)
            ]
        case .ready: at(failpoint, 1, 3)
        case .waiting: at(failpoint, 1, settings: #"{"job_time": 0.1, "job_script": ["fail_object"]}"#)
        case .failed:
            [
                FailpointScenario(kills: ["failed"], settings: #"{"post_script": ["400"]}"#, exit: 3, failed: 1),
                FailpointScenario(
                    kills: ["failed"], settings: #"{"job_time": 0.1, "job_script": ["fail_string"]}"#,
                    more: "retry: {attempts: 1}", exit: 3, failed: 1),
            ]
        case .fileSynced: at(failpoint, 1, 3)
        case .sidecarsWritten: at(failpoint, 1, 2, 4)
        case .fileNamed: at(failpoint, 1, 2)
        case .delivered: at(failpoint, 1, 3)
        case .metadataSynced: at(failpoint, 1)
        case .metadataWritten:
            at(failpoint, 1) + [
                FailpointScenario(kills: steps), FailpointScenario(kills: lostSteps, settings: absent, prompts: 1),
            ]
        // Nothing is killed there: it is for the watchdog of the daemon.
        case .submitterWedged: []
        case .decided:
            [
                FailpointScenario(
                    kills: ["decided"],
                    settings: #"{"post_by_prompt": {"moth 1": ["422"]}, "job_by_prompt": {"moth 2": "held"}}"#,
                    decides: true)
            ]
        // Of an inbox, which no run has: see `RecoveryTests` there.
        case .dropParsed, .dropClaimed, .dropTakenIn, .dropNoted, .resultWritten, .dropMoved: []
        }
    }

    /// Killed at every step of the way.
    private static let steps = [
        "takenIn", "recovered", "accepted", "ready", "fileSynced", "sidecarsWritten", "fileNamed", "delivered",
        "metadataWritten",
    ]
    private static let lostSteps = [
        "lossRecorded", "evidenceNoted", "claimedAgain", "claimedAgain", "accepted", "fileNamed",
    ]

    /// Never accepted, and the connection closed without an answer.
    private static let absent = #"{"job_time": 0.1, "post_script": ["close_before"]}"#

    /// The first submission is accepted after it was shown absent and made again; a held job keeps the next run alive until
    /// that is noticed.
    private static let late = """
        {"job_time": 0.1, "post_by_prompt": {"moth 1": ["late_acceptance"]}, "late_seconds": 12,
         "job_by_prompt": {"moth 2": "held"}}
        """

    private static func at(
        _ failpoint: Failpoint, _ times: Int..., settings: String = #"{"job_time": 0.1}"#
    ) -> [FailpointScenario] {
        times.map { FailpointScenario(kills: ["\(failpoint.rawValue):\($0)"], settings: settings) }
    }
}
