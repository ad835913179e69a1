import NightjarCore

/// Random numbers that come again (SplitMix64).
struct SimulationRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    mutating func span(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &self) }
}

/// A Jobs API in virtual time, which keeps or breaks what section 2 assumes.
struct SimulatedAPI {
    struct Job {
        var id: RemoteJobID
        /// True time, in milliseconds; rows are listed in this order.
        var created: Int64
        var ends: Int64
        var fails: Bool
        var request: ImageRequest
        /// `nil`: a stranger's.
        var owner: JobID?
    }

    enum Echo: CaseIterable { case exact, clipped31, absent, text }

    var jobs: [Job] = []
    var echo = Echo.exact
    var echoesPrompt = false
    var listsModel: (String) -> String? = { $0 }
    /// Whole seconds of the API's clock less those of true time.
    var clockOffset: Int64 = 0
    /// `created_at` is early or late by up to this, in milliseconds.
    var clockNoise: Int64 = 0
    var pageLength = 50
    var saysHasMore = false
    private var count = 0

    /// Accepts a request at a moment, which may lie ahead: it is then in no list before.
    mutating func accept(
        _ request: ImageRequest, at time: Int64, takes: Int64, fails: Bool, owner: JobID?
    ) -> RemoteJobID {
        count += 1
        let id = RemoteJobID("job-\(count)")
        jobs.append(Job(id: id, created: time, ends: time + takes, fails: fails, request: request, owner: owner))
        return id
    }

    func job(_ id: RemoteJobID) -> Job? { jobs.first { $0.id == id } }

    func status(_ job: Job, at time: Int64) -> RemoteJob.Status {
        if time < job.created + (job.ends - job.created) / 2 { return .queued }
        if time < job.ends { return .processing }
        return job.fails ? .failed("no memory") : .completed(nil)
    }

    func wallTime(_ time: Int64) -> WallTime { WallTime(milliseconds: 1_800_000_000_000 + clockOffset * 1000 + time) }

    private func createdAt(_ job: Job) -> WallTime {
        let noise =
            clockNoise == 0 ? 0 : Int64(job.id.rawValue.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }) % clockNoise
        let time = wallTime(job.created - noise).milliseconds
        return WallTime(milliseconds: time / 1000 * 1000)
    }

    /// One page as it is given at `time`, showing what was there `lag` before.
    func page(at time: Int64, lag: Int64, after: RemoteJobID?) -> JobList {
        var shown = jobs.filter { $0.created <= time - lag }.sorted {
            ($0.created, $0.id.rawValue) > ($1.created, $1.id.rawValue)
        }
        if let after, let position = shown.firstIndex(where: { $0.id == after }) {
            shown.removeFirst(position + 1)
        }
        let rows = shown.prefix(pageLength).map { job in
            JobList.Row(
                id: job.id, status: status(job, at: time), createdAt: createdAt(job),
                model: listsModel(job.request.parameters.model))
        }
        return JobList(
            rows: rows, hasMore: saysHasMore ? shown.count > pageLength : nil,
            date: WallTime(milliseconds: wallTime(time).milliseconds / 1000 * 1000))
    }

    /// `nil`: 404.
    func reply(_ id: RemoteJobID, at time: Int64) -> RemoteJob? {
        guard let job = job(id), job.created <= time else { return nil }
        var status = status(job, at: time)
        var seed: EchoedSeed?
        if case .completed = status {
            status = .completed(RemoteResult(url: "https://images.example/\(id)"))
            seed = job.request.seed.flatMap { value in
                switch echo {
                case .exact, .text: .integer(value)
                case .clipped31: .integer(value & 0x7FFF_FFFF)
                case .absent: nil
                }
            }
        }
        return RemoteJob(
            id: id, status: status, createdAt: createdAt(job), model: listsModel(job.request.parameters.model),
            seed: seed,
            prompt: echoesPrompt ? job.request.prompt : nil)
    }

    /// Paid for.
    func bills(of job: JobID) -> Int { jobs.count { $0.owner == job && !$0.fails } }
}
