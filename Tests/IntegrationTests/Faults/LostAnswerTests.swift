import Foundation
import Testing

/// Answers lost in every way, against a list that is honest: all is decided, and nothing is paid twice.
struct LostAnswerTests {
    /// As in `scripts/soak --lost`. 409 is apart: to a repeated request it says that the API has the first one.
    private static let kinds =
        ["close", "reset", "silent"].flatMap { ["\($0)_before", "\($0)_after"] }
        + [301, 408, 425, 499, 500, 502, 503, 504, 522, 524].flatMap { ["\($0)_before", "\($0)_after"] }
        + ["truncated_after", "garbage_after", "no_id_after", "late_acceptance", "drip"]
    private static let conflicts = 8

    private static func settings() throws -> String {
        // Each in its turn, with a good answer after each.
        let script = (0..<150).flatMap { [kinds[$0 * 10 % kinds.count], "ok"] }
        let byPrompt = (0..<conflicts).map { ("conflict number \($0)", ["409_\($0 % 2 == 0 ? "before" : "after")"]) }
        let settings: [String: Any] = [
            "post_script": script, "post_by_prompt": Dictionary(uniqueKeysWithValues: byPrompt),
            "job_time": [0.1, 0.4], "late_seconds": [0, 0.3], "drip_pause": 0.1,
        ]
        return String(decoding: try JSONSerialization.data(withJSONObject: settings), as: UTF8.self)
    }

    @Test func `every kind of loss is decided, and nothing is lost or paid twice`() async throws {
        let asked = prompts(220) + prompts(Self.conflicts, "conflict")
        try await Trial.use(try Self.settings(), asked) { trial in
            let process = try trial.start([
                "--concurrency", "256", "--rate", "500", "--unknown-wait", "15s", "--give-up-after", "2m",
            ])
            let run = try await process.end(within: 170)
            #expect(run.exit == 0, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "done") == asked.count)
            let faults = try trial.server.faults()
            for kind in Self.kinds + ["409_before", "409_after"] {
                #expect(faults["post.\(kind)"] ?? 0 > 0, "\(kind)")
            }
            let totals = try trial.server.ledger().totals
            #expect(totals.billed == asked.count)
            #expect(totals.most_unfinished <= 256)
        }
    }
}
