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
                "duplicates":1,"spent":12.42,"held":{"no seed":1,"settling":2},"waits":null}]}
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

    @Test func `a batch that waits for its time says until when`() throws {
        var night = summary("night", [.done: 1, .pending: 4])
        night.settings.schedule = BatchSettings.Schedule(
            window: try .init(text: "22:00-07:00"), timeZone: "Europe/Paris")
        var late = summary("late", [.pending: 2])
        late.settings.schedule = BatchSettings.Schedule(timeZone: "UTC", deadline: WallTime(milliseconds: 0))
        var done = summary("done", [.done: 3])
        done.settings.schedule = night.settings.schedule
        // 18:48 in Paris.
        let now = WallTime(milliseconds: 1_764_352_080_000)
        let text = StatusRenderer.table(
            [night, late, done], stateFile: "s", width: 80, style: RenderingSample.style, now: now)
        #expect(
            text == """
                batch  total  done  pending  time left
                night      5     1        4  waits
                late       2     0        2  past its deadline
                done       3     3        0  finished

                night  waits for its window, opens 22:00 Europe/Paris (in 3 h 12 min)
                late   is past its deadline, 1970-01-01 00:00 UTC

                """)
        #expect(
            StatusRenderer.json([night], now: now).hasSuffix(
                #""waits":{"reason":"waits for its window, opens 22:00 Europe/Paris","until":"2025-11-28T21:00:00.000Z"}}]}"#
            ))
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
