/// The states of one job and what may happen in each: pure, without clock, network or database.
///
/// Every event is a method. It changes the state where the event fits, and says what is to be done. What a server, a
/// user or a late answer can cause is a case; only our own mistakes trap.
package struct JobLifecycle: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// Nothing is in flight. Next: `submitting`, `cancelled`.
        case pending(attempt: Int)
        /// The intent is durable; the request may be out. Next: `submitted`, `unknown`, `failed`, `pending` (nothing was
        /// accepted: 429, a closed gate, no connection).
        case submitting(attempt: Int)
        /// The answer was lost. Next: `submitted` (found), `submitting` (shown not to exist), `failed` (what may have been
        /// it has FAILED, and no try is left), `pending` (a person wants another).
        case unknown(attempt: Int, FailureCause)
        /// The API has the job. Next: `ready`, `waiting` (a new attempt after FAILED), `failed`, `pending` (gone, and a person
        /// wants it all the same).
        case submitted(RemoteJobID, attempt: Int)
        case ready(RemoteJobID, RemoteResult, attempt: Int)
        /// A new attempt, not before its time. Next: `submitting`, `cancelled`.
        case waiting(until: WallTime, attempt: Int)
        case done(OutputFile)
        case filtered(OutputFile)
        case failed(FailureCause)
        case cancelled

        package var name: JobState {
            switch self {
            case .pending: .pending
            case .submitting: .submitting
            case .unknown: .unknown
            case .submitted: .submitted
            case .ready: .ready
            case .waiting: .waiting
            case .done: .done
            case .filtered: .filtered
            case .failed: .failed
            case .cancelled: .cancelled
            }
        }
    }

    package private(set) var state: State

    package init(_ state: State = .pending(attempt: 0)) {
        self.state = state
    }

    /// The intent is about to be written. `attempt` counts submissions that a known FAILED (or nothing) came before.
    /// - Precondition: Nothing is in flight.
    package mutating func claimed() {
        switch state {
        case .pending(let attempt), .waiting(_, let attempt): state = .submitting(attempt: attempt + 1)
        case .submitting, .unknown, .submitted, .ready, .done, .filtered, .failed, .cancelled:
            preconditionFailure("a submission begins while the job is \(state.name.rawValue)")
        }
    }

    package enum AnswerAction: Equatable, Sendable {
        case poll(RemoteJobID)
        /// Paid for, and the API has no cancel.
        case followToTheEnd(RemoteJobID)
        case countAsDuplicate(RemoteJobID)
    }

    /// A submission was answered with a job id, in time or late.
    package mutating func accepted(_ id: RemoteJobID) -> AnswerAction {
        switch state {
        case .submitting(let attempt), .unknown(let attempt, _), .pending(let attempt):
            // `pending` does not mean never sent: the answer may be late.
            state = .submitted(id, attempt: max(attempt, 1))
            return .poll(id)
        case .cancelled:
            return .followToTheEnd(id)
        case .submitted(let known, _), .ready(let known, _, _):
            return known == id ? .poll(id) : .countAsDuplicate(id)
        case .waiting, .done, .filtered, .failed:
            return .countAsDuplicate(id)
        }
    }

    /// The submission certainly reached nobody, or was turned away before it was accepted. No attempt is used up.
    package mutating func turnedAway() {
        guard case .submitting(let attempt) = state else { return }
        state = .pending(attempt: attempt - 1)
    }

    /// The answer was lost: the job may have been accepted, and billed.
    package mutating func answerLost(_ message: String) {
        guard case .submitting(let attempt) = state else { return }
        state = .unknown(attempt: attempt, FailureCause(.lost, message))
    }

    /// The API has demonstrably not got it: it is about to be submitted again.
    /// - Parameter usesTry: A job that FAILED may have been it.
    /// - Returns: Whether a try is left; otherwise the job has failed.
    package mutating func shownAbsent(usesTry: Bool, retry: RetryPolicy) -> Bool {
        guard case .unknown(let attempt, _) = state else { return false }
        if usesTry, retry.delay(afterAttempt: attempt, jitter: 0) == nil {
            state = .failed(
                FailureCause(.remoteFailed, "a job that may have been this one has FAILED; nothing was billed"))
            return false
        }
        state = .submitting(attempt: usesTry ? attempt + 1 : attempt)
        return true
    }

    /// The API no longer has the job, and a person wants it in any case.
    package mutating func goneButWanted() {
        guard case .submitted(_, let attempt) = state else { return }
        state = .pending(attempt: attempt)
    }

    /// The API will never accept this request.
    package mutating func rejected(_ message: String) {
        guard case .submitting = state else { return }
        state = .failed(FailureCause(.rejected, message))
    }

    package mutating func completed(_ result: RemoteResult) {
        guard case .submitted(let id, let attempt) = state else { return }
        state = .ready(id, result, attempt: attempt)
    }

    /// The job was asked for a new address, since the old one had expired.
    package mutating func refreshed(_ result: RemoteResult) {
        guard case .ready(let id, _, let attempt) = state else { return }
        state = .ready(id, result, attempt: attempt)
    }

    /// The API says FAILED, which is not billed: the one event that leads to another attempt by itself.
    package mutating func remoteFailed(_ message: String, retry: RetryPolicy, now: WallTime, jitter: Double) {
        guard case .submitted(_, let attempt) = state else { return }
        if let delay = retry.delay(afterAttempt: attempt, jitter: jitter) {
            state = .waiting(until: now + delay, attempt: attempt)
        } else {
            state = .failed(FailureCause(.remoteFailed, message))
        }
    }

    /// Ends a job that is at the API or completed there. It may have been billed, so it is never submitted again by itself.
    package mutating func gaveUp(_ cause: FailureCause) {
        switch state {
        case .submitted, .ready: state = .failed(cause)
        case .pending, .submitting, .unknown, .waiting, .done, .filtered, .failed, .cancelled: break
        }
    }

    package mutating func delivered(_ file: OutputFile) {
        guard case .ready = state else { return }
        state = .done(file)
    }

    /// What was delivered is an image of one colour.
    package mutating func deliveredBlank(_ file: OutputFile) {
        guard case .ready = state else { return }
        state = .filtered(file)
    }

    /// A process found this state at its start: what was being submitted may have arrived.
    package mutating func foundAtStart() {
        answerLost("the process ended before the answer was read")
    }
}
