import NightjarCLI
import NightjarCore
import Testing

struct OrderReportTests {
    private static let changed = OrderOutcome.Result.carriedOut(changed: true)
    private static let same = OrderOutcome.Result.carriedOut(changed: false)

    private static func summary(_ name: String, _ counts: [JobState: Int]) -> BatchSummary {
        BatchSummary(
            id: BatchID(1), settings: BatchSettings(name: name), counts: counts, createdAt: RenderingSample.start,
            updatedAt: RenderingSample.start)
    }

    private static func item(
        _ order: Order, _ batch: String?, _ counts: [JobState: Int], _ result: OrderOutcome.Result?,
        paidFor: Money = .zero, before: LimitOverrides = LimitOverrides(), after: LimitOverrides = LimitOverrides()
    ) -> OrderReport.Item {
        OrderReport.Item(
            order: order, batch: batch, summaries: [summary(batch ?? "spring", counts)], paidFor: paidFor,
            before: before, after: after, result: result)
    }

    private static func lines(_ item: OrderReport.Item, isRunning: Bool = true) -> [String] {
        OrderReport([item], advice: CommandAdvice(output: "night"), isRunning: isRunning).lines
    }

    @Test func `a pause says what waits and what comes home, and how it goes on`() {
        let counts: [JobState: Int] = [.pending: 38, .waiting: 2, .submitted: 2, .ready: 1, .done: 9]
        #expect(
            Self.lines(Self.item(.pause, "spring", counts, Self.changed)) == [
                "spring is paused: 40 jobs wait, 3 at the API come home",
                "to let it go on: `nightjar resume spring --output night`",
            ])
        #expect(
            Self.lines(Self.item(.pause, "spring", [.pending: 1, .submitted: 1], Self.same)).first
                == "spring is paused already: 1 job waits, 1 at the API comes home")
        #expect(
            Self.lines(Self.item(.pause, nil, [.done: 3], Self.changed)) == [
                "everything is paused: nothing is left to submit",
                "to let them go on: `nightjar resume --all --output night`",
            ])
    }

    @Test func `a resume says who goes on`() {
        let item = Self.item(.resume, "spring", [.pending: 40, .done: 2], Self.changed)
        #expect(
            Self.lines(item) == ["spring goes on: 40 jobs left to submit", "the process that runs goes on"])
        #expect(
            Self.lines(item, isRunning: false).last == "to go on: `nightjar run` with the manifest of `spring`")
        #expect(
            Self.lines(Self.item(.resume, "spring", [.done: 2], Self.same)) == [
                "spring was not paused: nothing is left to submit"
            ])
    }

    @Test func `a cancel says what is paid for and comes home all the same, and how it is taken back`() {
        let result = OrderOutcome.Result.carriedOut(
            changed: true, cancelled: [.pending: 60, .waiting: 2],
            comesHome: [.submitted: 2, .ready: 1, .unknown: 1, .submitting: 1])
        let counts: [JobState: Int] = [.cancelled: 62, .submitted: 2, .ready: 1, .unknown: 1, .submitting: 1]
        let item = Self.item(.cancel, "spring", counts, result, paidFor: Money(micros: 120_000))
        let words =
            "spring: 62 cancelled; 3 are at the API, paid for (0.12), and come home; 1 is on its way there, and comes "
            + "home if it is taken; 1 answer was lost: what the API has of it comes home, and it is not submitted again"
        #expect(Self.lines(item) == [words, "to take it back: `nightjar retry spring --output night`"])
        #expect(
            Self.lines(item, isRunning: false) == [
                words, "to bring home what is at the API: `nightjar run` with the manifest of `spring`",
                "to take it back: `nightjar retry spring --output night`",
            ])
        #expect(
            Self.lines(Self.item(.cancel, "spring", [.cancelled: 62], Self.same)).first
                == "spring: nothing more to cancel, 62 are")
        #expect(Self.lines(Self.item(.cancel, "spring", [.done: 6], Self.same)) == ["spring: nothing to cancel"])
    }

    @Test func `batches of an inbox go on with the daemon`() {
        func last(_ order: Order, _ counts: [JobState: Int]) -> String? {
            var item = Self.item(order, "spring", counts, Self.changed)
            item.summaries[0].settings.origin = .init(inbox: "/in", output: "/out")
            return Self.lines(item, isRunning: false).last { !$0.contains("to take it back") }
        }
        let daemon = "`systemctl start nightjar` or `nightjar daemon`"
        #expect(last(.resume, [.pending: 2]) == "to go on: \(daemon)")
        #expect(last(.cancel, [.submitted: 2]) == "to bring home what is at the API: \(daemon)")
        #expect(
            last(.set(LimitChange(concurrency: .by(8))), [.pending: 1])
                == "nothing runs here: it is kept for the next daemon")
        var all = Self.item(.resume, nil, [.pending: 2], Self.changed)
        var other = Self.summary("summer", [.pending: 1])
        other.settings.origin = .init(inbox: "/in", output: "/out")
        all.summaries.append(other)
        #expect(
            Self.lines(all, isRunning: false).last
                == "to go on: `nightjar run` with the manifest of `spring`, and then \(daemon)")
    }

    @Test func `of several batches those are taken back of which something was cancelled`() {
        let items = [
            Self.item(.cancel, "one", [.done: 2], Self.same),
            Self.item(.cancel, "two", [.cancelled: 3], .carriedOut(changed: true, cancelled: [.pending: 3])),
            Self.item(.cancel, "three", [.cancelled: 3], Self.same),
        ]
        let report = OrderReport(items, advice: CommandAdvice(), isRunning: true)
        #expect(report.lines.last == "to take it back: `nightjar retry two`")
    }

    @Test func `limits are told from what to what`() {
        let rate = Rate(requests: 30, per: .minute)
        let change = LimitChange(concurrency: .by(4), rate: .by(rate), priority: .by(-5))
        let item = Self.item(
            .set(change), "spring", [:], Self.changed, before: LimitOverrides(concurrency: 2),
            after: LimitOverrides(concurrency: 4, rate: rate, priority: -5))
        #expect(
            Self.lines(item) == ["spring: concurrency 2 → 4, rate as for everything → 30/min, priority 0 → -5"])
        #expect(Self.lines(item, isRunning: false).last == "nothing runs here: it is kept for the next run")
        var back = Self.item(
            .set(LimitChange(concurrency: .takenBack)), "spring", [:], Self.changed,
            before: LimitOverrides(concurrency: 2))
        #expect(Self.lines(back) == ["spring: concurrency 2 → as for everything"])
        back.summaries[0].settings.limits.concurrency = 3
        #expect(Self.lines(back) == ["spring: concurrency 2 → 3, as its manifest says"])
        let same = Self.item(
            .set(LimitChange(concurrency: .by(8))), nil, [:], Self.same, before: LimitOverrides(concurrency: 8),
            after: LimitOverrides(concurrency: 8))
        #expect(Self.lines(same) == ["everything: concurrency is 8 already"])
    }

    @Test func `what was refused, or nobody has carried out, is a problem`() {
        let refused = OrderReport(
            [Self.item(.resume, "spring", [.pending: 1], .refused("everything is paused"))], advice: CommandAdvice(),
            isRunning: false)
        #expect(refused.lines.isEmpty && refused.exit == .usage)
        #expect(refused.problems == ["spring: everything is paused"])
        let left = OrderReport(
            [Self.item(.pause, "spring", [.pending: 1], nil)], advice: CommandAdvice(), isRunning: true)
        #expect(left.lines.isEmpty && left.exit == .locked)
        #expect(left.problems.count == 1 && left.problems[0].contains("has not carried out the order in time"))
    }
}
