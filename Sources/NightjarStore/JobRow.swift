internal import FoundationEssentials
internal import GRDB
internal import NightjarCore

/// Reads a row of `jobs`.
struct JobRow {
    let id: JobID
    let batch: BatchID
    let reference: JobReference
    let price: Money
    let lifecycleState: JobLifecycle.State

    init(_ row: Row) {
        id = JobID(row["id"])
        batch = BatchID(row["batch_id"])
        reference = Self.reference(row)
        price = Money(micros: row["price_micros"])
        lifecycleState = Self.lifecycleState(row)
    }

    static func reference(_ row: Row) -> JobReference {
        JobReference(key: key(row), index: row["idx"])
    }

    static func key(_ row: Row) -> JobKey {
        let bytes: Data = row["key"]
        return JobKey(bytes: bytes) ?? JobKey(high: 0, low: 0)
    }

    static func request(_ row: Row) -> ImageRequest {
        ImageRequest(
            prompt: row["prompt"],
            parameters: ImageRequest.Parameters(
                model: row["model"], negativePrompt: row["negative_prompt"], width: row["w"], height: row["h"],
                steps: row["steps"], cfgScale: row["cfg_scale"], sampler: row["sampler"]),
            seed: row["seed"])
    }

    static func file(_ row: Row) -> OutputFile? {
        guard let path: String = row["path"], let sha256: String = row["sha256"] else { return nil }
        return OutputFile(
            path: path, sha256: sha256, bytes: row["bytes"] ?? 0, width: row["width"] ?? 0, height: row["height"] ?? 0)
    }

    static func cause(_ row: Row) -> FailureCause? {
        guard let kind: String = row["error_kind"] else { return nil }
        return FailureCause(FailureCause.Kind(rawValue: kind) ?? .remoteFailed, row["error_message"] ?? "")
    }

    private static func lifecycleState(_ row: Row) -> JobLifecycle.State {
        let attempt: Int = row["attempt"]
        let remote = RemoteJobID(row["remote_id"] ?? "")
        switch JobState(rawValue: row["state"]) ?? .failed {
        case .pending: return .pending(attempt: attempt)
        case .submitting: return .submitting(attempt: attempt)
        case .unknown: return .unknown(attempt: attempt, cause(row) ?? FailureCause(.lost, ""))
        case .submitted: return .submitted(remote, attempt: attempt)
        case .ready:
            let result = RemoteResult(
                url: row["result_url"] ?? "", width: row["result_width"], height: row["result_height"],
                seed: row["result_seed"])
            return .ready(remote, result, attempt: attempt)
        case .waiting: return .waiting(until: WallTime(milliseconds: row["due_at_ms"] ?? 0), attempt: attempt)
        case .done: return file(row).map { .done($0) } ?? .failed(FailureCause(.disk, "the row has no file"))
        case .filtered: return file(row).map { .filtered($0) } ?? .failed(FailureCause(.disk, "the row has no file"))
        case .failed: return .failed(cause(row) ?? FailureCause(.remoteFailed, ""))
        case .cancelled: return .cancelled
        }
    }
}
