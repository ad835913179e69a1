import NightjarCLI
import NightjarCore
import Testing

struct ProgressFrameTests {
    @Test func `at 80 columns the counts and the time left are shown`() {
        expectLines(
            RenderingSample.frame(RenderingSample.middleOfARun, columns: 80),
            [
                "neon-cities  ▕████▎  ▏  62%  620/1000   8 running  3 failed             4m 32s",
                "portraits    ▕▉      ▏  12%      5/40   3 running            1 unknown  2h 05m",
                "last    neon-cities/000619-夜の街-in-the-rain-with-neon-lights-1234567.png",
                "failed  neon-cities #12 worker ␛[31mout of memory\u{FFFD} 失敗",
                "waits   the API asked to slow down (429)  23s",
            ])
    }

    @Test func `at 40 columns the bar is short and only what matters stays`() {
        expectLines(
            RenderingSample.frame(RenderingSample.middleOfARun, columns: 40),
            [
                "neon-citi… ▕███▋  ▏  62% 620/1000 ✗3",
                "portraits  ▕▊     ▏  12%     5/40    ?1",
                "last    neon-cities/000…hts-1234567.png",
                "failed  neon-cities #12 worker ␛[31mou…",
                "waits   the API asked to slow dow…  23s",
            ])
    }

    @Test func `at 200 columns everything is shown`() {
        expectLines(
            RenderingSample.frame(RenderingSample.middleOfARun, columns: 200),
            [
                "neon-cities  ▕███████████████████████████████████▉                      ▏  62%"
                    + "  620/1000   8 running  3 failed               1.4/s  4m 32s left",
                "portraits    ▕███████▎                                                  ▏  12%"
                    + "      5/40   3 running            1 unknown   12/min  2h 05m left",
                "last    neon-cities/000619-夜の街-in-the-rain-with-neon-lights-1234567.png",
                "failed  neon-cities #12 worker ␛[31mout of memory\u{FFFD} 失敗",
                "waits   the API asked to slow down (429)  23s",
            ])
    }

    @Test func `a locale without UTF-8 gets ASCII alone`() {
        let lines = RenderingSample.frame(
            RenderingSample.middleOfARun, columns: 80, style: TerminalStyle(colour: false, unicode: false))
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { (0x20..<0x7F).contains($0) } })
        expectLines(
            lines,
            [
                "neon-cities  [####...]  62%  620/1000   8 running  3 failed             4m 32s",
                "portraits    [#......]  12%      5/40   3 running            1 unknown  2h 05m",
                "last    neon-cities/000619-???-in-the-rain-with-neon-lights-1234567.png",
                "failed  neon-cities #12 worker ?[31mout of memory? ??",
                "waits   the API asked to slow down (429)  23s",
            ])
    }

    @Test func `colours change nothing but colours`() {
        let coloured = RenderingSample.frame(
            RenderingSample.middleOfARun, columns: 80, style: TerminalStyle(colour: true, unicode: true))
        #expect(coloured.contains { $0.contains("\u{1B}[31m") })
        let bare = coloured.map { $0.replacing(/\u{1B}\[[0-9]*m/, with: "") }
        #expect(bare == RenderingSample.frame(RenderingSample.middleOfARun, columns: 80))
    }

    @Test func `the last picture leaves out what is momentary`() {
        expectLines(
            RenderingSample.frame(RenderingSample.middleOfARun, columns: 80, isLast: true),
            [
                "neon-cities  ▕█████████████████▎          ▏  62%  620/1000  3 failed",
                "portraits    ▕███▌                        ▏  12%      5/40            1 unknown",
            ])
    }

    @Test func `of many batches those that are worked on are shown, and all are summed up`() {
        var state = ProgressState()
        for number in 0..<30 {
            let counts: [JobState: Int] =
                number < 10 ? [.done: 50] : number < 14 ? [.done: 10, .submitted: 2, .pending: 38] : [.pending: 50]
            state.apply(
                RenderingSample.event(
                    .started(RenderingSample.progress(counts, of: "batch-\(number)", rate: number < 14 ? 0.5 : nil))))
        }
        expectLines(
            RenderingSample.frame(state, columns: 80, rows: 9),
            [
                "batch-10  ▕███▍             ▏  20%     10/50   2 running   30/min",
                "batch-11  ▕███▍             ▏  20%     10/50   2 running   30/min",
                "batch-12  ▕███▍             ▏  20%     10/50   2 running   30/min",
                "batch-13  ▕███▍             ▏  20%     10/50   2 running   30/min",
                "batch-14  ▕                 ▏   0%      0/50",
                "batch-15  ▕                 ▏   0%      0/50",
                "and 24 more, 10 of them finished",
                "all 30    ▕██████           ▏  36%  540/1500   8 running    7.0/s  2m 18s left",
            ])
    }

    @Test func `a gate without a known end, or past it, counts nothing down`() {
        var state = ProgressState()
        state.apply(RenderingSample.event(.gate(reason: "the network is away", until: nil), batch: nil))
        #expect(RenderingSample.frame(state, columns: 80) == ["starting…", "waits   the network is away"])
        state.apply(
            RenderingSample.event(.gate(reason: "the network is away", until: RenderingSample.start), batch: nil))
        #expect(RenderingSample.frame(state, columns: 80).last == "waits   the network is away  any moment")
        state.apply(RenderingSample.event(.gate(reason: nil, until: nil), batch: nil))
        #expect(RenderingSample.frame(state, columns: 80) == ["starting…"])
    }

    @Test(
        "no line wraps and no picture is taller than the terminal",
        arguments: [1, 2, 5, 10, 20, 33, 40, 59, 60, 61, 80, 200])
    func bounds(columns: Int) {
        for rows in [1, 2, 3, 4, 6, 24] {
            for unicode in [true, false] {
                let style = TerminalStyle(colour: false, unicode: unicode)
                let lines = RenderingSample.frame(
                    RenderingSample.middleOfARun, columns: columns, rows: rows, style: style)
                #expect(lines.count <= max(1, rows - 1))
                #expect(lines.allSatisfy { Cells.width(of: $0) <= max(1, columns - 1) })
            }
        }
    }

    @Test func `a full bar and 100 % are only for what is complete`() {
        #expect(ProgressBar.text(part: 999_999, of: 1_000_000, cells: 6, unicode: true) == "▕███▉▏")
        #expect(ProgressBar.text(part: 1, of: 1_000_000, cells: 6, unicode: true) == "▕▏   ▏")
        #expect(ProgressBar.text(part: 2, of: 2, cells: 6, unicode: true) == "▕████▏")
        #expect(ProgressBar.text(part: 0, of: 0, cells: 6, unicode: false) == "[....]")
        #expect(ProgressBar.text(part: 1, of: 2, cells: 6, unicode: false) == "[##..]")
        #expect(ProgressBar.percent(part: 999, of: 1000) == "99%")
        #expect(ProgressBar.percent(part: 0, of: 0) == nil)
    }

    @Test func `what was cancelled is not asked for`() {
        var state = ProgressState()
        state.apply(RenderingSample.event(.started(RenderingSample.progress([.done: 16, .cancelled: 2]))))
        #expect(RenderingSample.frame(state, columns: 60) == ["neon-cities  ▕██████▏ 100%  16/16"])
    }
}

func expectLines(_ lines: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(lines == expected, "\n\(lines.joined(separator: "\n"))", sourceLocation: sourceLocation)
}
