/// The exit codes that scripts rely on.
package enum ExitCode: Int32, Sendable, CaseIterable {
    /// Everything asked for is on disk and verified.
    case success = 0
    case internalError = 1
    /// Finished, but some jobs failed for good or came back blank.
    case someFailed = 3
    /// Stopped at the budget or at `--max-jobs`, or all that is left is paused.
    case limitReached = 8
    /// All else is finished, but some jobs are still `unknown`.
    case unknownLeft = 9
    /// Stopped at the time limit or a deadline.
    case timeLimit = 10
    /// Another process holds this state.
    case locked = 11
    /// The account is blocked (402).
    case accountBlocked = 12
    /// The key is refused or lacks a permission (401, 403).
    case keyRefused = 13
    case usage = 64
    case manifestInvalid = 65
    case manifestUnreadable = 66
    /// The API could not be reached or kept failing.
    case apiUnavailable = 69
    /// Output or state cannot be written.
    case cannotWrite = 73
    /// The configuration is invalid, or there is no key.
    case configuration = 78
    case interrupted = 130
    case terminated = 143

    /// Where several apply, the first of these is the one.
    package static let precedence: [ExitCode] = [
        .internalError, .interrupted, .terminated, .keyRefused, .accountBlocked, .cannotWrite, .apiUnavailable,
        .timeLimit,
        .limitReached, .unknownLeft, .someFailed, .success,
    ]
}
