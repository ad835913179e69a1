import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct StatusRendererTests {
    @Test func `without a batch it says where it looked`() {
        #expect(table([]) == "no batches yet in output/.nightjar/state.sqlite3\n")
        #expect(StatusRenderer.json([]) == #"{"version":1,"batches":[],"running":null,"action":null}"#)
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
                to do  paused-one is paused
                         nightjar resume paused-one
                       1 of odd is held: the answer to the submission was lost
                         nightjar why KEY
                       nobody runs `a-rather-long-name-for-a-batch-of-a-night` and 1 more, and
                       318 of their jobs are left
                         nightjar run MANIFEST

                batch           total  done  running  pending  unknown  failed  spent  time left
                a-rather-long…    941   620        8      309        1       3  12.42  waits
                paused-one          5     0        0        5        0       0   0.00  paused
                new                 1     0        0        1        0       0   0.00  waits
                odd                 1     0        0        0        1       0   0.00  held

                a-rather-long-name-for-…  nobody runs it
                paused-one                is paused
                new                       nobody runs it

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
                "duplicates":1,"spent":12.42,"held":{"no seed":1,"settling":2},"waits":null,\
                "waits_for":{"reason":"not_running","words":"nobody runs it","until":null},\
                "action":"nightjar run MANIFEST"}],"running":null,"action":"nightjar run MANIFEST"}
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
                to do  3 of neon-cities are held: the answer to the submission was lost
                         nightjar why KEY

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
                to do  late is past its deadline, 1970-01-01 00:00 UTC
                         give it a later `deadline` in its manifest, or cancel the rest
                       nobody runs `night`, and 4 of its jobs are left
                         nightjar run MANIFEST

                batch  total  done  pending  time left
                night      5     1        4  waits
                late       2     0        2  past its deadline
                done       3     3        0  finished

                night  waits for its window, opens 22:00 Europe/Paris (in 3 h 12 min)
                late   is past its deadline, 1970-01-01 00:00 UTC

                """)
        #expect(
            StatusRenderer.json([night], now: now).contains(
                #""waits":{"reason":"waits for its window, opens 22:00 Europe/Paris","until":"2025-11-28T21:00:00.000Z"},"#
                    + #""waits_for":{"reason":"window","words":"waits for its window, opens 22:00 Europe/Paris","until":"2025-11-28T21:00:00.000Z"},"#
            ))
    }

    // MARK: Beside a process

    private static let now = RenderingSample.start + .seconds(600)

    private func live(_ waits: [String: RunSnapshot.Wait] = [:]) -> RunSnapshot {
        RunSnapshot(
            command: .run, pid: 4711, startedAt: RenderingSample.start, writtenAt: Self.now, concurrency: 8,
            rate: Rate(requests: 5, per: .second), unfinished: 6, waits: waits)
    }

    private func table(_ batches: [BatchSummary], _ live: RunSnapshot?, width: Int? = 80) -> String {
        StatusRenderer.table(
            batches, live: live, stateFile: "s", advice: CommandAdvice(output: "night"), width: width,
            style: RenderingSample.style, now: Self.now)
    }

    @Test func `what runs says when it ends, what waits why, and what a person must do comes first`() {
        var spring = summary("spring", [.done: 4, .submitted: 6, .pending: 50])
        spring.throughput = 0.5
        let summer = summary("summer", [.pending: 10])
        let text = table(
            [spring, summer],
            live([
                "summer": .init(
                    .account, "the API asks for money (402)", until: Self.now + .seconds(60),
                    action: "put the account right")
            ]))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.prefix(3) == ["to do  the API asks for money (402)", "         put the account right", ""])
        #expect(lines.contains { $0.hasPrefix("running  `nightjar run`, process 4711, since ") }, "\(text)")
        #expect(
            lines.contains { $0.wholeMatch(of: #/spring   runs; ends about \d\d:\d\d [^:]+ \(in 1 min 52 s\)/#) != nil }
        )
        #expect(lines.contains("summer   the API asks for money (402) (in 1 min)"), "\(text)")
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test func `commands that the process names find this state`() throws {
        let waits = ["spring": RunSnapshot.Wait(.failures, "was stopped", action: "nightjar retry spring")]
        let spring = summary("spring", [.pending: 50])
        #expect(
            table([spring], live(waits)).hasPrefix(
                "to do  spring was stopped\n         nightjar retry spring --output night"))
        let json = StatusRenderer.json(
            [spring], live: live(waits), advice: CommandAdvice(output: "night"), now: Self.now)
        #expect(
            json.hasSuffix(
                #""waits_for":{"reason":"failures","words":"was stopped","until":null},"#
                    + #""action":"nightjar retry spring --output night"}],"#
                    + #""running":{"command":"run","pid":4711,"since":"2026-03-01T02:04:05.000Z","concurrency":8,"#
                    + #""rate":"5/s","unfinished":6,"set_by_hand":false},"action":"nightjar retry spring --output night"}"#
            ), "\(json)")
    }

    @Test func `a pause is known at once, whatever the process has noted last`() throws {
        var spring = summary("spring", [.pending: 50])
        spring.paused = true
        #expect(table([spring], live([:])).hasPrefix("to do  spring is paused\n         nightjar resume spring"))
        spring.paused = false
        let stale = ["spring": RunSnapshot.Wait(.paused, "is paused", action: "nightjar resume spring")]
        #expect(!table([spring], live(stale)).contains("paused"))
    }

    @Test func `without a process each kind of rest has its command`() {
        func toDo(_ change: (inout BatchSummary) -> Void, _ counts: [JobState: Int]) -> String? {
            var batch = summary("spring", counts)
            change(&batch)
            let text = table([batch], nil)
            guard text.hasPrefix("to do  ") else { return nil }
            return text.split(separator: "\n\n")[0].split(separator: "\n").map { $0.drop { $0 == " " } }.joined(
                separator: " | ")
        }
        #expect(toDo({ _ in }, [.done: 3, .cancelled: 2, .filtered: 1]) == nil)
        #expect(
            toDo({ _ in }, [.done: 3, .failed: 2])
                == "to do  2 of spring failed: the first command shows why, the second tries again | "
                + "nightjar jobs spring --only failed --output night | nightjar retry spring --output night"
        )
        #expect(
            toDo({ $0.pausedJobs = 3 }, [.pending: 3])
                == "to do  spring has only paused jobs left | nightjar resume spring --output night")
        #expect(
            toDo({ ($0.paused, $0.isAllPaused) = (true, true) }, [.pending: 3])
                == "to do  spring is paused | nightjar resume --all --output night")
        #expect(
            toDo({ $0.settings.origin = .init(inbox: "/in", output: "/out") }, [.pending: 3])
                == "to do  nobody runs `spring`, and 3 of its jobs are left | systemctl start nightjar")
        #expect(
            toDo({ _ in }, [.submitted: 1, .pending: 2, .failed: 4])
                == "to do  nobody runs `spring`, and 3 of its jobs are left | nightjar run MANIFEST --output night")
    }

    @Test func `a process runs only what is its own`() {
        var own = summary("own", [.submitted: 1, .pending: 2])
        var other = summary("other", [.pending: 3])
        other.settings.origin = .init(inbox: "/in", output: "/out")
        let beside = table([own, other], live())
        #expect(
            beside.hasPrefix(
                """
                to do  nobody runs `other`, and 3 of its jobs are left
                         systemctl start nightjar, once the present run has ended

                """), "\(beside)")
        #expect(beside.contains("\nown      runs; ") && beside.contains("\nother    nobody runs it\n"), "\(beside)")
        var daemon = live()
        daemon.command = .daemon
        let besideDaemon = table([own, other], daemon)
        #expect(
            besideDaemon.hasPrefix(
                """
                to do  nobody runs `own`, and 3 of its jobs are left
                         nightjar run MANIFEST --output night, once the daemon is stopped

                """), "\(besideDaemon)")
        #expect(besideDaemon.contains("\nother    runs; "), "\(besideDaemon)")
        // Where it says which they are, that counts.
        var asked = live()
        asked.batches = ["another"]
        #expect(table([own], asked).contains("nightjar run MANIFEST --output night, once the present run has ended"))
        own.settings.origin = other.settings.origin
        asked.batches = ["own"]
        #expect(!table([own], asked).contains("nobody runs"))
    }

    @Test func `where the process cannot write beside the state, the disk comes first`() {
        var stale = live(["spring": .init(.limit, "waits for its turn")])
        stale.isStale = true
        let text = table([summary("old", [.failed: 1]), summary("spring", [.pending: 3])], stale)
        #expect(
            text.hasPrefix(
                """
                to do  the disk of the state is full, or cannot be written: what the process
                       does is not known
                         make room on the disk of the state
                       1 of old failed
                """), "\(text)")
        #expect(!text.contains("waits for its turn"))
    }

    @Test func `what waits has no time left`() {
        func timeLeft(_ live: RunSnapshot, _ change: (inout BatchSummary) -> Void = { _ in }) -> Substring? {
            var spring = summary("spring", [.submitted: 2, .pending: 48])
            spring.throughput = 0.5
            change(&spring)
            return table([spring], live).split(separator: "\n").last { $0.hasPrefix("spring  ") && $0.contains("50") }?
                .split(separator: "  ").last
        }
        #expect(timeLeft(live()) == " 1 min 40 s" || timeLeft(live()) == "1 min 40 s")
        for reason in RunSnapshot.Wait.Reason.allCases where reason != .paused && reason != .deadline {
            #expect(timeLeft(live(["spring": .init(reason, "stands")])) == "waits", "\(reason)")
        }
        #expect(timeLeft(live(["spring": .init(.deadline, "stands")])) == "past its deadline")
        #expect(timeLeft(live()) { $0.paused = true } == "paused")
        #expect(timeLeft(live()) { $0.pausedJobs = 48 } == "paused")
    }

    @Test func `limits that were set by hand are said to be that`() {
        let spring = summary("spring", [.pending: 50])
        var steered = live()
        steered.overrides = LimitOverrides(concurrency: 8)
        let text = table([spring], steered, width: nil)
        #expect(text.contains("at most 8 at a time (set by hand), 5/s; 6 at the API"), "\(text)")
        #expect(StatusRenderer.json([spring], live: steered).contains(#""unfinished":6,"set_by_hand":true}"#))
        steered.overrides = LimitOverrides(rate: Rate(requests: 5, per: .second))
        #expect(table([spring], steered, width: nil).contains("at most 8 at a time, 5/s (set by hand); 6 at the API"))
    }

    @Test func `what is held needs a person only where no list will decide it`() {
        var batch = summary("spring", [.unknown: 1, .submitted: 1])
        batch.held = ["settling": HeldJobs(jobs: 1, example: "x")]
        #expect(!table([batch], live()).hasPrefix("to do"))
        batch.held = ["no seed": HeldJobs(jobs: 1, example: "x")]
        #expect(table([batch], live()).hasPrefix("to do  1 of spring is held"))
    }

    @Test func `a narrow terminal gets the columns that matter most`() {
        let text = table([summary("spring", [.done: 4, .submitted: 6, .failed: 1])], live(), width: 40)
        #expect(text.contains("batch   done  failed  time left\nspring  4/11       1  not known\n"), "\(text)")
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
