internal import FoundationEssentials
internal import Glibc
internal import Synchronization

/// Places right after a durable step, where a test can have the process killed: `NIGHTJAR_FAILPOINT=NAME` or `NAME:N` for
/// the N-th time. Only debug builds look at it.
package enum Failpoint: String, CaseIterable, Sendable {
    /// A manifest's jobs are in the state.
    case takenIn
    /// What an earlier process left has been put in order.
    case recovered
    /// The file is synced that shows the output folder to be writable.
    case outputChecked
    /// Requests are reserved.
    case requestsReserved
    /// The intent is durable, and nothing has been sent.
    case claimed
    /// The API has answered, and nothing is on record.
    case answered
    /// The job id is durable.
    case accepted
    /// The loss of an answer is durable.
    case lossRecorded
    /// What was turned away is pending again.
    case turnedAway
    case evidenceNoted
    case candidatesNoted
    case adopted
    /// The intent of another submission of the same job is durable.
    case claimedAgain
    case duplicateNoted
    /// A duplicate's file is in place and on record.
    case duplicateKept
    /// The address of the result is durable.
    case ready
    /// A FAILED job waits for another attempt.
    case waiting
    /// A job has failed for good.
    case failed
    /// The temporary file is whole and synced.
    case fileSynced
    /// A sidecar has its name; the file has not.
    case sidecarsWritten
    /// The file has its name, and its folder is synced.
    case fileNamed
    /// The file is on record.
    case delivered
    /// The new metadata is synced under its temporary name.
    case metadataSynced
    case metadataWritten
    /// A person's decision has been carried out.
    case decided
    /// The submitter stops for ever in the middle of a step: what the watchdog is for.
    case submitterWedged
    /// A manifest in an inbox has been read, and lies where it was.
    case dropParsed
    /// It lies in `.accepted`, and nothing of it is in the state.
    case dropClaimed
    /// Its batches are in the state; that they came with it is not.
    case dropTakenIn
    case dropNoted
    /// The result is in place; the manifest is not beside it.
    case resultWritten
    /// Both are in place, and not on record.
    case dropMoved

    #if DEBUG
        private static let plan = Plan(ProcessInfo.processInfo.environment["NIGHTJAR_FAILPOINT"])

        private final class Plan: Sendable {
            let name: String
            let times: Int
            let reached = Mutex(0)

            init?(_ text: String?) {
                guard let parts = text?.split(separator: ":"), let name = parts.first else { return nil }
                self.name = String(name)
                times = parts.count > 1 ? Int(parts[1]) ?? 1 : 1
            }
        }

        /// Does not return where it is asked for, before the task is cancelled.
        package func wedge() async {
            guard let plan = Self.plan, plan.name == rawValue else { return }
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        }

        package func reach() {
            guard let plan = Self.plan, plan.name == rawValue else { return }
            let isTime = plan.reached.withLock { reached in
                reached += 1
                return reached == plan.times
            }
            if isTime { kill(getpid(), SIGKILL) }
        }
    #else
        @inline(__always) package func reach() {}
        @inline(__always) package func wedge() async {}
    #endif
}
