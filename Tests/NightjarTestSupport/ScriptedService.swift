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
        package var idempotencyKey: String?
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
        /// The job is accepted, and the answer lost.
        package var loses: @Sendable (Submission) -> Loss? = { _ in nil }
        /// Whether results say what seed was used.
        package var echoesSeeds = true
        package var look: @Sendable (Look) -> Result<RemoteJob.Status, RequestFailure>? = { _ in nil }
        /// Of the number of the list, counted from 1, and its time.
        package var list: @Sendable (_ number: Int, _ time: Duration) -> Result<JobList, RequestFailure>? = {
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
        /// Every job, in the order in which they were accepted.
        var accepted: [(id: RemoteJobID, at: Duration, request: ImageRequest)] = []
        var ended: Set<RemoteJobID> = []
        var mostUnfinished = 0
        var mostFetching = 0
        var fetching = 0
        var keysRead = 0
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
    package var keysRead: Int { state.withLock { $0.keysRead } }

    /// When API requests arrived, downloads aside, in order.
    package var requestTimes: [Duration] {
        state.withLock { $0.submissions.map(\.time) + $0.looks.map(\.time) + $0.lists }.sorted()
    }

    // MARK: ImageService

    package func submit(_ request: ImageRequest, idempotencyKey: String?) async -> SubmissionAnswer {
        let cutOff = SubmissionAnswer.lost(Loss(.interrupted, "cut off"))
        guard await travel() else { return cutOff }
        let now = clock.now
        let submission = state.withLock { state in
            let submission = Submission(
                number: state.submissions.count + 1, time: now, request: request, idempotencyKey: idempotencyKey)
            state.submissions.append(submission)
            return submission
        }
        let answer = script.submit(submission) ?? .accepted(RemoteJobID("\(script.ids)-\(submission.number)"))
        if case .accepted(let id) = answer { accept(id, request, at: now) }
        let loss = script.loses(submission)
        return await travel() ? loss.map { .lost($0) } ?? answer : cutOff
    }

    private func accept(_ id: RemoteJobID, _ request: ImageRequest, at now: Duration) {
        let duration = script.duration
        state.withLock { state in
            state.accepted.append((id, now, request))
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
        let request = state.withLock { $0.accepted.last { $0.id == id }?.request }
        let seed = script.echoesSeeds ? request?.seed.map(EchoedSeed.integer) : nil
        return RemoteJob(id: id, status: status, model: request?.parameters.model, seed: seed)
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

    package func jobs(after: RemoteJobID?) async throws(RequestFailure) -> JobList {
        guard await travel() else { throw .unavailable("cut off") }
        let now = clock.now
        let number = state.withLock { state in
            state.lists.append(now)
            return state.lists.count
        }
        let listed: JobList
        switch script.list(number, now) {
        case .success(let scripted)?: listed = scripted
        case .failure(let failure)?:
            _ = await travel()
            throw failure
        case nil: listed = everything
        }
        guard await travel() else { throw .unavailable("cut off") }
        return listed
    }

    /// The whole list, newest first, as a good API gives it.
    package var everything: JobList {
        let (now, wall) = (clock.now, clock.wall)
        let seconds = { (time: WallTime) in WallTime(milliseconds: time.milliseconds / 1000 * 1000) }
        let rows = state.withLock { $0.accepted }.reversed().map { job in
            JobList.Row(
                id: job.id, status: now - job.at >= script.duration ? .completed(nil) : .processing,
                createdAt: seconds(wall + (job.at - now)), model: job.request.parameters.model)
        }
        return JobList(rows: rows, hasMore: false, date: seconds(wall))
    }

    package func readKeyAnew() async {
        state.withLock { $0.keysRead += 1 }
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
