import NightjarCLI
import NightjarCore
import Testing

struct RunSummaryTests {
    @Test func `a run without trouble needs few words`() {
        #expect(
            summary([RenderingSample.progress([.done: 16], spent: Money(micros: 320_000))], exit: 0, reason: "all done")
                == """
                neon-cities: 16 of 16 done; spent 0.32
                finished in 3 min 20 s
                the images are in `output`

                """)
    }

    @Test func `what went wrong comes with what to type`() {
        let neon = RenderingSample.progress(
            [.done: 10, .failed: 2, .filtered: 1, .unknown: 1, .cancelled: 1, .submitted: 3, .pending: 4, .waiting: 1])
        #expect(
            summary([neon], exit: 10, reason: "the time limit is reached") == """
                neon-cities: 10 of 23 done, 2 failed, 1 blank, 1 unknown, 1 cancelled, 3 still at the API, 5 left
                ended after 3 min 20 s: the time limit is reached
                the images are in `output`
                what failed, and why:  nightjar jobs neon-cities --only failed
                to try that again:     nightjar run … --retry-failed
                what came back blank:  nightjar jobs neon-cities --only filtered
                what is held:          nightjar jobs neon-cities --only unknown
                why one is held:       nightjar why KEY
                  1 unknown job may have been billed; it is held, not submitted again
                to go on:              the same command again; nothing is paid for twice

                """)
    }

    @Test func `what is paused goes on with a command that finds this state`() {
        let text = RunSummary.text(
            batches: [RenderingSample.progress([.done: 4, .pending: 2])], output: "night", elapsed: .seconds(9),
            exit: 8,
            reason: "paused: nightjar resume spring; 2 left", needs: ["nightjar resume spring"],
            stateFlags: " --output night")
        #expect(
            text.hasSuffix(
                "to go on:              `nightjar resume spring --output night`, then the same command; nothing is paid "
                    + "for twice\n"))
    }

    @Test func `several batches with failures share one command`() {
        let text = summary(
            [RenderingSample.progress([.failed: 1]), RenderingSample.progress([.failed: 1, .unknown: 2], of: "b")],
            exit: 3, reason: "")
        #expect(
            text == """
                neon-cities: 0 of 1 done, 1 failed
                b: 0 of 3 done, 1 failed, 2 unknown
                ended after 3 min 20 s
                what failed, and why:  nightjar jobs --only failed
                to try that again:     nightjar run … --retry-failed
                what is held:          nightjar jobs b --only unknown
                why one is held:       nightjar why KEY
                  2 unknown jobs may have been billed; they are held, not submitted again

                """)
    }

    @Test func `of many batches those that are whole share a line`() {
        let batches = (0..<40).map {
            RenderingSample.progress($0 == 7 ? [.done: 1, .failed: 1] : [.done: 2], of: "b\($0)")
        }
        let lines = summary(batches, exit: 3, reason: "").split(separator: "\n")
        #expect(lines.prefix(2) == ["b7: 1 of 2 done, 1 failed", "all 40 batches: 79 of 80 done, 1 failed"])
    }

    @Test func `what must change first is said before the same command`() {
        let left = RenderingSample.progress([.done: 2, .pending: 1])
        func last(_ needs: [String]) -> String? {
            RunSummary.text(
                batches: [left], output: "output", elapsed: .seconds(1), exit: 10, reason: "late", needs: needs
            ).split(separator: "\n").last.map(String.init)
        }
        #expect(last([]) == "to go on:              the same command again; nothing is paid for twice")
        #expect(
            last(["a later `deadline` for a", "`--max-jobs` above 0"])
                == "to go on:              a later `deadline` for a, `--max-jobs` above 0, then the same command; "
                + "nothing is paid for twice")
    }

    private func summary(_ batches: [BatchProgress], exit: Int32, reason: String) -> String {
        RunSummary.text(batches: batches, output: "output", elapsed: .seconds(200), exit: exit, reason: reason)
    }
}
