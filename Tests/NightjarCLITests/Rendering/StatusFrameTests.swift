import NightjarCLI
import NightjarCore
import Testing

struct StatusFrameTests {
    private static let now = RenderingSample.start

    private static func summary(_ name: String, _ counts: [JobState: Int]) -> BatchSummary {
        var summary = BatchSummary(
            id: BatchID(1), settings: BatchSettings(name: name), counts: counts, createdAt: now, updatedAt: now)
        summary.settings.origin = .init(inbox: "/in", output: "/out")
        return summary
    }

    private static func live(_ waits: [String: RunSnapshot.Wait] = [:]) -> RunSnapshot {
        RunSnapshot(
            command: .daemon, pid: 4711, startedAt: now, writtenAt: now, concurrency: 8,
            rate: Rate(requests: 5, per: .second), unfinished: 6, waits: waits)
    }

    private static func lines(
        _ batches: [BatchSummary], _ live: RunSnapshot? = live(), columns: Int = 80, rows: Int = 24,
        colour: Bool = false
    ) -> [String] {
        StatusFrame.lines(
            batches, live: live, stateFile: "s", advice: CommandAdvice(output: "a-folder-with-a-rather-long-name"),
            size: TerminalSize(columns: columns, rows: rows), now: now,
            style: TerminalStyle(colour: colour, unicode: true))
    }

    /// Two that are finished, one that waits, one that runs, and one that a person must look at, in this order.
    private static let mixed = [
        summary("one", [.done: 10]), summary("two", [.done: 4, .cancelled: 1]), summary("later", [.pending: 9]),
        summary("now", [.submitted: 3, .pending: 9]), summary("stuck", [.pending: 7, .done: 1]),
    ]
    private static let waits: [String: RunSnapshot.Wait] = [
        "later": .init(.limit, "waits for its turn"),
        "stuck": .init(.failures, "was stopped", action: "nightjar retry stuck"),
    ]

    @Test func `what needs a person comes first, then what runs, what waits, and what is finished`() {
        let lines = Self.lines(Self.mixed, Self.live(Self.waits))
        #expect(lines.prefix(3) == ["to do  stuck was stopped", lines[1], ""])
        #expect(lines[1].hasPrefix("         nightjar retry stuck --output "))
        #expect(
            lines[3..<9].map { String($0.prefix { $0 != " " }) } == ["batch", "stuck", "now", "later", "one", "two"])
        #expect(lines.contains { $0.hasPrefix("running  `nightjar daemon`, process 4711") })
        #expect(lines.contains("later    waits for its turn"))
    }

    @Test func `many that are finished share a line, and what does not fit is summed up`() {
        let finished = (0..<40).map { Self.summary("b\($0)", [.done: 2]) }
        let tall = Self.lines(Self.mixed + finished, Self.live(Self.waits), rows: 60)
        #expect(tall.contains { $0.hasPrefix("42 finished") && $0.contains("95") && $0.contains("94") }, "\(tall)")
        let running = (0..<40).map { Self.summary("r\($0)", [.submitted: 1]) }
        for rows in [10, 24, 60] {
            let lines = Self.lines(running, rows: rows)
            #expect(lines.count < rows, "\(rows)")
            #expect(rows == 60 || lines.contains { $0.contains(" more ") }, "\(lines)")
        }
    }

    @Test(arguments: [20, 40, 80, 200], [false, true])
    func `no line is wider than the terminal`(columns: Int, colour: Bool) {
        for batches in [Self.mixed, [Self.summary("a-rather-long-name-for-a-batch-of-a-night", [.pending: 3])], []] {
            for live in [Self.live(Self.waits), nil] {
                for rows in [3, 8, 24] {
                    let lines = Self.lines(batches, live, columns: columns, rows: rows, colour: colour)
                    #expect(lines.count < rows)
                    #expect(lines.allSatisfy { Cells.width(of: Self.plain($0)) < columns }, "\(lines)")
                    #expect(colour || !lines.contains { $0.contains("\u{1B}") })
                }
            }
        }
    }

    /// Without colours.
    private static func plain(_ line: String) -> String { line.replacing(/\x{1B}\[[0-9;]*m/, with: "") }

    @Test func `a pipe is told again when anything has changed but the time`() {
        var batch = Self.summary("spring", [.pending: 9, .submitted: 1])
        func mark(_ live: RunSnapshot?) -> String {
            StatusFrame.mark([batch], live: live, advice: CommandAdvice())
        }
        let first = mark(Self.live())
        batch.throughput = 2
        var later = Self.live()
        (later.writtenAt, later.unfinished) = (Self.now + .seconds(9), 3)
        #expect(mark(later) == first)
        later.concurrency = 2
        #expect(mark(later) != first)
        #expect(mark(nil) != first)
        #expect(mark(Self.live(["spring": .init(.limit, "waits for its turn")])) != first)
        batch.counts = [.pending: 8, .submitted: 2]
        #expect(mark(Self.live()) != first)
    }
}
