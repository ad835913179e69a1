import NightjarCore
import NightjarStore
import NightjarTestSupport
import Testing

struct SubmittableJobsTests {
    @Test func `what waits is counted by model, in the batches that are asked for`() async throws {
        let store = try SQLiteStore.inMemory()
        let first = try store.takeIn(
            BatchSettings(name: "first"),
            [.sample("one"), .sample("two", model: "model-b"), .sample("three"), .sample("four", model: "model-b")])
        let second = try store.takeIn(BatchSettings(name: "second"), [.sample("five", model: "model-c")])
        let claimed = try await store.claim(
            1, of: first.batch, avoiding: [], room: [:], prices: [:], at: Moment(boot: 0, bootID: "", api: nil),
            now: WallTime(milliseconds: 1_772_323_200_000))
        #expect(claimed.count == 1)
        #expect(
            try await store.submittableJobs([first.batch]) == [
                SubmittableJobs(batch: first.batch, model: "model-a", jobs: 1),
                SubmittableJobs(batch: first.batch, model: "model-b", jobs: 2),
            ])
        #expect(try await store.submittableJobs([second.batch, first.batch]).first?.model == "model-c")
        #expect(try await store.submittableJobs([]) == [])
        // What failed, and would be submitted again: not what is asked for at the API first.
        for (job, cause) in zip(
            [claimed[0]] + (try await store.claim(1, of: first.batch, now: WallTime(milliseconds: 1_772_323_200_000))),
            [FailureCause(.rejected, "no"), FailureCause(.timeout, "slow")])
        {
            let now = WallTime(milliseconds: 1_772_323_200_000)
            if cause.kind == .timeout {
                _ = try await store.record(
                    JobChange(
                        job: job.id, batch: job.batch, from: .submitting,
                        to: .submitted(RemoteJobID("1"), attempt: 1), at: now))
            }
            let from: JobState = cause.kind == .timeout ? .submitted : .submitting
            let outcome = try await store.record(
                JobChange(job: job.id, batch: job.batch, from: from, to: .failed(cause), at: now))
            #expect(outcome == .recorded)
        }
        #expect(try await store.submittableJobs([first.batch]).map(\.jobs) == [1, 1])
        #expect(try await store.submittableJobs([first.batch], andFailed: true).map(\.jobs) == [2, 1])
        #expect(try await store.failedModels([first.batch]).sorted() == ["model-a", "model-b"])
    }
}
