import NightjarCore
import Testing

@Suite struct RunResultTests {
    private static let time = WallTime(milliseconds: 1_772_323_200_000)

    private static func batch(_ exit: ExitCode, failed: Int = 0, told: Int = 0) -> RunResult.Batch {
        let job = JobSummary(
            id: JobID(1), batch: "a", key: JobKey(high: 1, low: 2), index: 0, label: "hero", state: .failed,
            request: ImageRequest(
                prompt: "p", parameters: ImageRequest.Parameters(model: "m", width: 1, height: 1), seed: 1),
            remoteID: nil, attempts: 1, file: nil, error: FailureCause(.rejected, "no"), createdAt: time,
            updatedAt: time, variables: nil, meta: nil)
        return RunResult.Batch(
            summary: BatchSummary(
                id: BatchID(1), settings: BatchSettings(name: "a"), counts: [.failed: failed], createdAt: time,
                updatedAt: time),
            exit: exit, startedAt: time, finishedAt: time + .seconds(1), output: "/out",
            failures: Array(repeating: job, count: told))
    }

    @Test(
        arguments: [
            ([.success, .someFailed], .someFailed), ([.unknownLeft, .limitReached], .limitReached),
            ([.someFailed, .timeLimit, .unknownLeft], .timeLimit), ([.success], .success), ([], .success),
        ] as [([ExitCode], ExitCode)])
    func `several batches end as the gravest of them`(exits: [ExitCode], expected: ExitCode) {
        #expect(RunResult(batches: exits.map { Self.batch($0) }).exit == expected)
    }

    @Test func `it is written as the contract has it`() {
        let result = RunResult(batches: [Self.batch(.someFailed, failed: 3, told: 1)])
        let text = result.json(duplicateOf: "first", now: Self.time).text
        #expect(text.hasPrefix(#"{"version":1,"exit":3,"batches":[{"name":"a","total":3,"#))
        #expect(
            text.contains(
                #""started_at":"2026-03-01T00:00:00.000Z","finished_at":"2026-03-01T00:00:01.000Z","output":"/out""#))
        #expect(text.contains(#""id":"hero","kind":"rejected","message":"no"}],"failures_omitted":2}"#))
        #expect(text.hasSuffix(#""duplicate_of":"first"}"#))
        #expect(!result.json(now: Self.time).text.contains("duplicate_of"))
    }

    @Test func `of very many failures only the first are told`() {
        let text = RunResult(batches: [Self.batch(.someFailed, failed: 1500, told: 1500)]).json(now: Self.time).text
        #expect(text.components(of: "\"hero\"") == 1000 && text.contains(#""failures_omitted":500"#))
    }
}

extension String {
    fileprivate func components(of piece: String) -> Int { ranges(of: piece).count }
}
