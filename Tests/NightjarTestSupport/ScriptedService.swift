package import NightjarCore
import Synchronization

/// A Jobs API that follows a script: each request is noted, then answered by the script or, where that says nothing, as
/// a good API would.
package final class ScriptedService: ImageService {
    package struct Submission: Sendable {
        /// Counted from 1.
        package var number: Int
        package var time: Duration
        package var request: ImageRequest
        package var idempotencyKey: String
    }

    package struct Look: Sendable {
        package var id: RemoteJobID
        /// Counted from 1, for each job.
        package var number: Int
        package var time: Duration
        /// Since the job was accepted; `nil` for one that an earlier process submitted.
        package var age: Duration?
    }

    package struct Fetch: Sendable {
        package var url: String
        /// Counted from 1, for each address.
        package var number: Int
        package var time: Duration
    }

    /// What the API does. A script that returns `nil` leaves the answer to the good API.
    package struct Script: Sendable {
        /// How long the API takes for a job.
        package var duration: Duration = .seconds(10)
        /// What ids begin with.
        package var ids = "job"
        /// On the way to the API, and the same again on the way back.
        package var latency: Duration = .milliseconds(20)
        package var submit: @Sendable (Submission) -> SubmissionAnswer? = { _ in nil }
        package var look: @Sendable (Look) -> Result<RemoteJob.Status, RequestFailure>? = { _ in nil }
        /// Of the number of the list, counted from 1, and its time.
        package var list: @Sendable (_ number: Int, _ time: Duration) -> Result<[RemoteJob], RequestFailure>? = {
            _, _ in nil
        }
        package var download: @Sendable (Fetch) -> DownloadFailure? = { _ in nil }

        package init() {}
    }

    private struct State {
        var submissions: [Submission] = []
        var looks: [Look] = []
        var lists: [Duration] = []
        var fetches: [Fetch] = []
        /// When each job was accepted, in that order.
        var accepted: [(id: RemoteJobID, at: Duration)] = []
        var ended: Set<RemoteJobID> = []
        var mostUnfinished = 0
        var mostFetching = 0
        var fetching = 0
    }

    private let clock: ManualClock
    private let script: Script
    private let state = Mutex(State())

    package init(_ clock: ManualClock, _ script: Script = Script()) {
        self.clock = clock
        self.script = script
    }

    // MARK: What was asked

    package var submissions: [Submission] { state.withLock { $0.submissions } }
    package var looks: [Look] { state.withLock { $0.looks } }
    package var lists: [Duration] { state.withLock { $0.lists } }
    package var fetches: [Fetch] { state.withLock { $0.fetches } }
    package var acceptedIDs: [RemoteJobID] { state.withLock { $0.accepted.map(\.id) } }
    /// The most jobs that were at the API and unfinished at one time.
    package var mostUnfinished: Int { state.withLock { $0.mostUnfinished } }
    package var mostFetching: Int { state.withLock { $0.mostFetching } }

    /// When API requests arrived, downloads aside, in order.
    package var requestTimes: [Duration] {
        state.withLock { $0.submissions.map(\.time) + $0.looks.map(\.time) + $0.lists }.sorted()
    }

    // MARK: ImageService

    package func submit(_ request: ImageRequest, idempotencyKey: String) async -> SubmissionAnswer {
        guard await travel() else { return .lost("cut off") }
        let now = clock.now
        let submission = state.withLock { state in
            let submission = Submission(
                number: state.submissions.count + 1, time: now, request: request, idempotencyKey: idempotencyKey)
            state.submissions.append(submission)
            return submission
        }
        let answer = script.submit(submission) ?? .accepted(RemoteJobID("\(script.ids)-\(submission.number)"))
        if case .accepted(let id) = answer { accept(id, at: now) }
        return await travel() ? answer : .lost("cut off")
    }

    private func accept(_ id: RemoteJobID, at now: Duration) {
        let duration = script.duration
        state.withLock { state in
            state.accepted.append((id, now))
            let unfinished = state.accepted.count { !state.ended.contains($0.id) && now < $0.at + duration }
            state.mostUnfinished = max(state.mostUnfinished, unfinished)
        }
    }

    package func job(_ id: RemoteJobID) async throws(RequestFailure) -> RemoteJob {
        guard await travel() else { throw .unavailable("cut off") }
        let look = note(id)
        let status: RemoteJob.Status
        switch script.look(look) {
        case .success(let scripted)?: status = scripted
        case .failure(let failure)?:
            _ = await travel()
            throw failure
        case nil: status = usualStatus(look)
        }
        if case .failed = status { state.withLock { _ = $0.ended.insert(id) } }
        guard await travel() else { throw .unavailable("cut off") }
        return RemoteJob(id: id, status: status)
    }

    private func note(_ id: RemoteJobID) -> Look {
        let now = clock.now
        return state.withLock { state in
            let accepted = state.accepted.last { $0.id == id }
            let look = Look(
                id: id, number: state.looks.count { $0.id == id } + 1, time: now, age: accepted.map { now - $0.at })
            state.looks.append(look)
            return look
        }
    }

    private func usualStatus(_ look: Look) -> RemoteJob.Status {
        let isDone = look.age.map { $0 >= script.duration } ?? true
        return isDone ? .completed(Self.result(of: look.id)) : .processing
    }

    package static func result(of id: RemoteJobID) -> RemoteResult {
        RemoteResult(url: "https://images.example/\(id)", width: 1024, height: 1024, seed: nil)
    }

    package func recentJobs() async throws(RequestFailure) -> [RemoteJob] {
        guard await travel() else { throw .unavailable("cut off") }
        let now = clock.now
        let (number, accepted) = state.withLock { state in
            state.lists.append(now)
            return (state.lists.count, state.accepted)
        }
        let listed: [RemoteJob]
        switch script.list(number, now) {
        case .success(let scripted)?: listed = scripted
        case .failure(let failure)?:
            _ = await travel()
            throw failure
        case nil:
            listed = accepted.reversed().map {
                RemoteJob(id: $0.id, status: now - $0.at >= script.duration ? .completed(nil) : .processing)
            }
        }
        guard await travel() else { throw .unavailable("cut off") }
        return listed
    }

    package func download(
        _ url: String, receive: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        let now = clock.now
        let fetch = state.withLock { state in
            let fetch = Fetch(url: url, number: state.fetches.count { $0.url == url } + 1, time: now)
            state.fetches.append(fetch)
            state.fetching += 1
            state.mostFetching = max(state.mostFetching, state.fetching)
            return fetch
        }
        defer { state.withLock { $0.fetching -= 1 } }
        guard await travel() else { throw DownloadFailure.transient("cut off") }
        if let failure = script.download(fetch) { throw failure }
        let bytes = Array(url.utf8)
        try bytes.withUnsafeBytes { try receive($0) }
        guard await travel() else { throw DownloadFailure.transient("cut off") }
    }

    /// - Returns: `false` when the task was cancelled on the way.
    private func travel() async -> Bool {
        (try? await clock.sleep(for: script.latency)) != nil
    }
}
