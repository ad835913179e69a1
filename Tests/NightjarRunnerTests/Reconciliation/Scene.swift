import NightjarCore
import Testing

@testable import NightjarRunner

/// A trace told step by step: seconds from the beginning, on the boot clock; the API's clock says `zero` then.
struct Scene {
    static let zero = WallTime(milliseconds: 1_800_000_000_000)
    static let model = "m"

    var machine: Reconciler
    var bootID = "boot"
    /// Seconds of the boot clock at the beginning.
    var bootZero = 10_000.0
    var knowsTime = true
    /// Ids of ours.
    var known: Set<RemoteJobID> = []

    init(provenBits: Int = 31, _ change: (inout Reconciler.Settings) -> Void = { _ in }) {
        var settings = Reconciler.Settings()
        change(&settings)
        var knowledge = APIKnowledge()
        if provenBits > 0 {
            knowledge.models[Self.model] = APIKnowledge.Model()
            knowledge.models[Self.model]?.echoedBits = provenBits
            knowledge.models[Self.model]?.isListedByName = true
        }
        machine = Reconciler(settings, knowledge: knowledge)
    }

    func at(_ seconds: Double) -> Moment {
        let boot = Int64(((seconds + bootZero) * 1000).rounded())
        return Moment(boot: boot, bootID: bootID, api: knowsTime ? wall(seconds) : nil)
    }

    func wall(_ seconds: Double) -> WallTime {
        WallTime(milliseconds: Self.zero.milliseconds + Int64((seconds * 1000).rounded()))
    }

    static func id(_ job: Int64, _ number: Int = 1) -> SubmissionID { SubmissionID(job: JobID(job), number: number) }

    func submission(
        _ job: Int64, _ number: Int = 1, seed: Int64? = 1, prompt: String? = nil, at seconds: Double,
        anchors: Set<RemoteJobID> = ["old"], sharesSeed: Bool = false
    ) -> OpenSubmission {
        OpenSubmission(
            id: Self.id(job, number), batch: BatchID(1),
            reference: JobReference(key: JobKey(high: UInt64(job) << 60, low: 0), index: Int(job)),
            request: ImageRequest(
                prompt: prompt ?? "prompt \(job)", parameters: .init(model: Self.model), seed: seed),
            price: .zero, attempt: 1, intent: at(seconds), anchors: anchors, sharesSeed: sharesSeed)
    }

    mutating func submit(
        _ job: Int64, _ number: Int = 1, seed: Int64? = 1, prompt: String? = nil, at seconds: Double,
        anchors: Set<RemoteJobID> = ["old"], sharesSeed: Bool = false
    ) throws {
        try machine.began(
            submission(
                job, number, seed: seed, prompt: prompt, at: seconds, anchors: anchors, sharesSeed: sharesSeed))
    }

    mutating func lose(_ job: Int64, _ number: Int = 1, by kind: Loss.Kind = .closed, at seconds: Double) throws {
        try machine.lost(Self.id(job, number), OpenSubmission.Lost(Loss(kind, "cut off"), at: at(seconds)))
    }

    mutating func accept(_ job: Int64, _ number: Int = 1, as id: RemoteJobID, at seconds: Double) {
        known.insert(id)
        machine.accepted(Self.id(job, number), as: id, at: at(seconds))
    }

    func row(
        _ id: RemoteJobID, _ created: Double?, _ status: RemoteJob.Status = .completed(nil), model: String? = model
    ) -> JobList.Row {
        JobList.Row(id: id, status: status, createdAt: created.map(wall), model: model)
    }

    /// A list of these rows, and of an old job behind them; newest first as given.
    @discardableResult
    mutating func list(
        _ rows: JobList.Row..., at seconds: Double, hasOld: Bool = true, hasMore: Bool? = nil, age: Double = 0
    ) -> [Step] {
        var reading = reading(rows + (hasOld ? [row("old", -1000)] : []), hasMore: hasMore)
        reading.staleness = .milliseconds(Int64(age * 1000))
        return machine.read(reading, asked: at(seconds), received: at(seconds + 0.2), known: known)
    }

    func reading(_ rows: [JobList.Row], hasMore: Bool? = nil) -> ListReading {
        var reader = ListReader(reachingBackTo: nil)
        _ = reader.add(JobList(rows: rows, hasMore: hasMore))
        return reader.reading
    }

    @discardableResult
    mutating func read(
        _ id: RemoteJobID, seed: EchoedSeed?, prompt: String? = nil, created: Double? = nil, at seconds: Double
    ) -> [Step] {
        let job = RemoteJob(
            id: id, status: .completed(RemoteResult(url: "https://images.example/1")), createdAt: created.map(wall),
            model: Self.model, seed: seed, prompt: prompt)
        return machine.read(candidate: id, job, at: at(seconds))
    }

    func hold(_ job: Int64, _ number: Int = 1, at seconds: Double) -> Hold? {
        machine.holds(at: at(seconds))[Self.id(job, number)]
    }
}

extension RemoteJobID: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) { self.init(text) }
}

extension [Step] {
    var resubmitted: [SubmissionID] {
        compactMap { if case .resubmit(let id, _, _, _) = $0 { id } else { nil } }
    }
    var adopted: [RemoteJobID] {
        compactMap { if case .adopt(_, let id) = $0 { id } else { nil } }
    }
    var usesTry: Bool {
        contains { if case .resubmit(_, _, _, true) = $0 { true } else { false } }
    }
    var counted: [SubmissionID] {
        compactMap { if case .noteEvidence(let id, .some) = $0 { id } else { nil } }
    }
    var cleared: [SubmissionID] {
        compactMap { if case .noteEvidence(let id, nil) = $0 { id } else { nil } }
    }
    var duplicates: [RemoteJobID] {
        compactMap { if case .duplicate(let id, _) = $0 { id } else { nil } }
    }
}
