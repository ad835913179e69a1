import NightjarCore
import Testing

/// Every event in every state.
@Suite struct JobLifecycleTests {
    private static let id = RemoteJobID("job-1")
    private static let other = RemoteJobID("job-2")
    private static let result = RemoteResult(url: "https://example.org/1.png")
    private static let file = OutputFile(path: "a.png", sha256: "00", bytes: 1, width: 1, height: 1)
    private static let cause = FailureCause(.timeout, "too long")
    private static let lost = FailureCause(.lost, "silent")
    private static let later = WallTime(milliseconds: 5000)

    /// One of every state; the test below checks that none is missing.
    private static let states: [JobLifecycle.State] = [
        .pending(attempt: 1), .submitting(attempt: 2), .unknown(attempt: 2, lost), .submitted(id, attempt: 2),
        .ready(id, result, attempt: 2), .waiting(until: later, attempt: 1), .done(file), .filtered(file),
        .failed(cause), .cancelled,
    ]

    @Test func `the tables below hold every state`() {
        #expect(Set(Self.states.map(\.name)) == Set(JobState.allCases))
    }

    /// Applies `event` to every state; states that `changed` does not name must stay as they are.
    private func check(
        _ changed: [JobState: JobLifecycle.State], sourceLocation: SourceLocation = #_sourceLocation,
        _ event: (inout JobLifecycle) -> Void
    ) {
        for state in Self.states {
            var job = JobLifecycle(state)
            event(&job)
            #expect(job.state == changed[state.name] ?? state, "from \(state.name)", sourceLocation: sourceLocation)
        }
    }

    @Test func `a claim counts an attempt`() {
        var job = JobLifecycle()
        job.claimed()
        #expect(job.state == .submitting(attempt: 1))
        job = JobLifecycle(.waiting(until: Self.later, attempt: 1))
        job.claimed()
        #expect(job.state == .submitting(attempt: 2))
    }

    @Test func `a claim while something is in flight, or after the end, is our own mistake`() async {
        await #expect(processExitsWith: .failure) {
            var job = JobLifecycle(.submitting(attempt: 1))
            job.claimed()
        }
        await #expect(processExitsWith: .failure) {
            var job = JobLifecycle(.cancelled)
            job.claimed()
        }
    }

    @Test func `a job id is taken by the first, and a late or second one is kept`() {
        var actions: [JobState: JobLifecycle.AnswerAction] = [:]
        let submitted = JobLifecycle.State.submitted(Self.other, attempt: 2)
        check([.pending: .submitted(Self.other, attempt: 1), .submitting: submitted, .unknown: submitted]) {
            let name = $0.state.name
            actions[name] = $0.accepted(Self.other)
        }
        let expected: [JobState: JobLifecycle.AnswerAction] = [
            .pending: .poll(Self.other), .submitting: .poll(Self.other), .unknown: .poll(Self.other),
            .submitted: .countAsDuplicate(Self.other), .ready: .countAsDuplicate(Self.other),
            .waiting: .countAsDuplicate(Self.other), .done: .countAsDuplicate(Self.other),
            .filtered: .countAsDuplicate(Self.other), .failed: .countAsDuplicate(Self.other),
            .cancelled: .followToTheEnd(Self.other),
        ]
        #expect(actions == expected)
    }

    @Test func `the same job id again changes nothing`() {
        for state in [JobLifecycle.State.submitted(Self.id, attempt: 2), .ready(Self.id, Self.result, attempt: 2)] {
            var job = JobLifecycle(state)
            #expect(job.accepted(Self.id) == .poll(Self.id))
            #expect(job.state == state)
        }
        var job = JobLifecycle(.pending(attempt: 0))
        #expect(job.accepted(Self.id) == .poll(Self.id))
        #expect(job.state == .submitted(Self.id, attempt: 1))
    }

    @Test func `what was turned away uses up no attempt`() {
        check([.submitting: .pending(attempt: 1)]) { $0.turnedAway() }
    }

    @Test func `a lost answer is held`() {
        check([.submitting: .unknown(attempt: 2, FailureCause(.lost, "cut off"))]) { $0.answerLost("cut off") }
        check([
            .submitting: .unknown(
                attempt: 2, FailureCause(.lost, "the process ended before the answer was read"))
        ]) { $0.foundAtStart() }
    }

    @Test func `a rejection is final`() {
        check([.submitting: .failed(FailureCause(.rejected, "no such model"))]) { $0.rejected("no such model") }
    }

    @Test func `a completed job is ready, and stays so with a new address`() {
        check([.submitted: .ready(Self.id, Self.result, attempt: 2)]) { $0.completed(Self.result) }
        let moved = RemoteResult(url: "https://elsewhere.example/2.png")
        check([.ready: .ready(Self.id, moved, attempt: 2)]) { $0.refreshed(moved) }
    }

    @Test func `a remote FAILED waits for another attempt while one is left`() {
        let now = WallTime(milliseconds: 1000)
        check([.submitted: .waiting(until: now + .seconds(4), attempt: 2)]) {
            $0.remoteFailed("out of memory", retry: RetryPolicy(attempts: 3), now: now, jitter: 1)
        }
        check([.submitted: .failed(FailureCause(.remoteFailed, "out of memory"))]) {
            $0.remoteFailed("out of memory", retry: RetryPolicy(attempts: 2), now: now, jitter: 1)
        }
    }

    @Test func `giving up ends what is at the API`() {
        check([.submitted: .failed(Self.cause), .ready: .failed(Self.cause)]) { $0.gaveUp(Self.cause) }
    }

    @Test func `a file ends a job that is ready`() {
        check([.ready: .done(Self.file)]) { $0.delivered(Self.file) }
    }

    @Test func `attempts come to an end`() {
        var job = JobLifecycle()
        var submissions = 0
        while !job.state.name.isFinal {
            job.claimed()
            job.turnedAway()
            job.claimed()
            submissions += 1
            #expect(job.accepted(RemoteJobID("job-\(submissions)")) == .poll(RemoteJobID("job-\(submissions)")))
            job.remoteFailed("again", retry: RetryPolicy(attempts: 3), now: WallTime(milliseconds: 0), jitter: 0.5)
        }
        #expect(submissions == 3)
        #expect(job.state == .failed(FailureCause(.remoteFailed, "again")))
    }
}
