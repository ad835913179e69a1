import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct StatusRendererTests {
    @Test func `without a batch it says where it looked`() {
        #expect(table([]) == "no batches yet in output/.nightjar/state.sqlite3\n")
        #expect(StatusRenderer.json([]) == #"{"version":1,"batches":[]}"#)
    }

    @Test func `columns without anything are left out`() {
        #expect(
            table([summary("neon-cities", [.done: 16]), summary("p", [.done: 4, .cancelled: 1])]) == """
                batch        total  done  cancelled  time left
                neon-cities     16    16          0  finished
                p                5     4          1  finished

                """)
    }

    @Test func `a table stays within 80 columns`() {
        var running = summary(
            "a-rather-long-name-for-a-batch-of-a-night",
            [.done: 620, .submitted: 5, .ready: 2, .submitting: 1, .pending: 300, .waiting: 9, .failed: 3, .unknown: 1])
        running.throughput = 1.5
        running.spent = Money(micros: 12_420_000)
        var paused = summary("paused-one", [.pending: 5])
        paused.paused = true
        let text = table([running, paused, summary("new", [.pending: 1]), summary("odd", [.unknown: 1])])
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(
            text == """
                batch          total  done  running  pending  unknown  failed  spent  time left
                a-rather-lon…    941   620        8      309        1       3  12.42  3 min 32 s
                paused-one         5     0        0        5        0       0   0.00  paused
                new                1     0        0        1        0       0   0.00  not known
                odd                1     0        0        0        1       0   0.00  held

                """)
    }

    @Test func `JSON has exactly the fields that scripts read, in their order`() throws {
        var batch = summary("neon-cities", [.done: 620, .pending: 300])
        batch.requests = RequestCounts(submit: 1, get: 2, list: 3, download: 4, rateLimited: 5)
        batch.duplicates = 1
        batch.held = [
            "settling": HeldJobs(jobs: 2, example: "answer lost"), "no seed": HeldJobs(jobs: 1, example: "no seed"),
        ]
        batch.spent = Money(micros: 12_420_000)
        let text = StatusRenderer.json([batch])
        #expect(
            text == """
                {"version":1,"batches":[{"name":"neon-cities","total":920,"pending":300,"submitting":0,"submitted":0,\
                "ready":0,"unknown":0,"waiting":0,"done":620,"failed":0,"filtered":0,"cancelled":0,"paused":false,\
                "eta_seconds":null,"requests":{"submit":1,"get":2,"list":3,"download":4},"rate_limited":5,\
                "duplicates":1,"spent":12.42,"held":{"no seed":1,"settling":2}}]}
                """)
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    @Test func `below the table it says why jobs are held, and where second images lie`() {
        var batch = summary("neon-cities", [.done: 4, .unknown: 3])
        batch.duplicates = 2
        batch.held = [
            "settling": HeldJobs(jobs: 2, example: "answer lost 12 s ago; asking again from 14:02:40 on"),
            "ambiguous": HeldJobs(jobs: 1, example: "job-9 fits `a` and `b`, which share seed 1"),
        ]
        #expect(
            table([batch]) == """
                batch        total  done  unknown  duplicates  time left
                neon-cities      7     4        3           2  held

                held in neon-cities  2 settling: answer lost 12 s ago; asking again from
                                     14:02:40 on
                                     1 ambiguous: job-9 fits `a` and `b`, which share seed 1
                which they are       nightjar jobs neon-cities --only unknown
                why one is held      nightjar why KEY

                paid twice  2 images were paid for twice; the second ones are kept in
                            output/.nightjar/duplicates

                """)
    }

    private func table(_ batches: [BatchSummary]) -> String {
        StatusRenderer.table(
            batches, stateFile: "output/.nightjar/state.sqlite3", width: 80, style: RenderingSample.style)
    }

    private func summary(_ name: String, _ counts: [JobState: Int]) -> BatchSummary {
        BatchSummary(
            id: BatchID(1), settings: BatchSettings(name: name), counts: counts, createdAt: RenderingSample.start,
            updatedAt: RenderingSample.start)
    }
}
