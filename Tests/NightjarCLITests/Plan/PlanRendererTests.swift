import NightjarCore
import NightjarRunner
import Testing

@testable import NightjarCLI

@Suite struct PlanRendererTests {
    private let now = WallTime(milliseconds: 1_772_323_200_000)
    private let parameters = ImageRequest.Parameters(
        model: "model-a", width: 1024, height: 512, steps: 28, cfgScale: 6.5)

    private func batch(
        _ change: (inout BatchForecast) -> Void = { _ in }, settings: BatchSettings = BatchSettings(name: "spring")
    ) -> BatchForecast {
        var batch = BatchForecast(settings: settings, file: "spring.yaml")
        batch.counts = [.new: 12_000]
        batch.states = [.pending: 12_000]
        batch.toSubmit = [parameters: 12_000]
        batch.first = [
            .init(
                index: 0, request: .init(prompt: "A fox asleep under fresh snow", parameters: parameters, seed: 42),
                path: "spring/000000-a-fox.png")
        ]
        change(&batch)
        return batch
    }

    private func text(
        _ batches: [BatchForecast], width: Int? = 80, colour: Bool = false, free: Int64? = 100 << 30,
        _ configure: (inout RunConfiguration) -> Void = { _ in }
    ) throws -> String {
        var configuration = try RunConfiguration(
            flags: [:], environment: [:], file: ConfigurationFile())
        configure(&configuration)
        let plan = Plan(
            configuration: configuration, batches: batches, experience: Experience([]), freeBytes: free, now: now)
        return PlanRenderer(plan: plan, width: width, style: TerminalStyle(colour: colour, unicode: true)).text
    }

    @Test func `a new batch at a glance`() throws {
        #expect(
            try text([batch()]) == """
                spring  spring.yaml
                jobs       12,000 new
                to submit  12,000 images: model-a
                cost       not known: no price for `model-a`
                time       at least 1 h 20 min: 2 requests an image at 5/s; how long the API
                           takes for one is not known yet
                disk       about 8.8 GiB, at a guess of 1.5 bytes a pixel; 100 GiB are free
                first      A fox asleep under fresh snow
                             seed 42, 1024x512, 28 steps, cfg 6.5
                             spring/000000-a-fox.png

                """)
    }

    @Test(arguments: [40, 80, 200])
    func `no line is wider than the terminal`(width: Int) throws {
        let prompt = String(repeating: "夜の港と紙の灯り ", count: 40)
        let long = batch { batch in
            batch.first[0] = .init(
                index: 0, request: .init(prompt: prompt, parameters: parameters, seed: 1),
                path: "spring/\(String(repeating: "x", count: 190)).png")
            batch.keptChanges = 3
            batch.warnings = [
                .init(jobs: 3, first: SourcePlace(file: "spring.yaml", line: 3), words: "3 jobs ask for 1001x512")
            ]
        }
        for line in try text([long, long], width: width).split(separator: "\n") {
            #expect(Cells.width(of: String(line)) <= width, "\(line)")
        }
    }

    @Test func `colours are for terminals alone`() throws {
        #expect(try text([batch()], colour: true).contains("\u{1B}["))
        #expect(try !text([batch()], colour: false).contains("\u{1B}["))
    }

    @Test func `what an edit has changed, and what is held, is told apart`() throws {
        let edited = batch { batch in
            batch.counts = [.new: 2, .done: 5, .kept: 6, .changed: 1, .removed: 4]
            batch.states = [.pending: 4, .done: 5, .unknown: 1, .failed: 2, .submitted: 1, .filtered: 1]
            batch.toSubmit = [parameters: 4]
            batch.keptChanges = 1
        }
        let text = try text([edited])
        #expect(text.contains("jobs       14: 2 new, 6 kept, 5 done, 1 changed\n"))
        #expect(text.contains("besides 4 removed: no longer named by the manifest\n"))
        #expect(text.contains("`--changed redo`"))
        #expect(text.contains("1 unknown: their answer was lost"))
        #expect(text.contains("2 failed: left alone without `--retry-failed`"))
        #expect(text.contains("1 at the API already"))
        #expect(text.contains("1 came back blank"))
    }

    @Test func `the cost is held against every budget, and the limits of one run are named`() throws {
        let limited = batch(settings: BatchSettings(name: "spring", limits: .init(maxJobs: 500, budget: Money("1000"))))
        let text = try text([limited]) {
            $0.run.prices = ["model-a": Money(micros: 10_000)]
            $0.run.budget = Money("20.00")
        }
        #expect(text.contains("cost       120.00 (0.01 an image)\n"))
        #expect(text.contains("within its own budget, 1000.00\n"))
        #expect(text.contains("more than the budget of a run, 20.00\n"))
        #expect(text.contains("in one run 500 images at most:"))
    }

    @Test func `a disk that is too small is said to be`() throws {
        #expect(try text([batch()], free: 5 << 30).contains("not enough: there is room for 4 GiB above `--min-free`"))
        #expect(try text([batch()], free: 1 << 20).contains("nothing would be submitted"))
        #expect(try !text([batch()], free: nil).contains("free"))
    }

    @Test func `a schedule says when it begins, and whether the deadline is met`() throws {
        let late = BatchSettings.Schedule(timeZone: "UTC", deadline: now + .seconds(2400))
        let text = try text([batch(settings: BatchSettings(name: "spring", schedule: late))])
        #expect(text.contains("the deadline comes first: at most 6,000 of 12,000 images"), "\(text)")
        let early = BatchSettings.Schedule(timeZone: "UTC", notBefore: now + .seconds(3600))
        let waiting = try self.text([batch(settings: BatchSettings(name: "spring", schedule: early))])
        #expect(waiting.contains("waits for its `not_before`, begins 01:00 UTC\n"), "\(waiting)")
        #expect(waiting.contains("done at 02:20 UTC at the earliest\n"), "\(waiting)")
    }

    @Test func `nothing to submit is good news`() throws {
        let done = batch { batch in
            batch.counts = [.done: 12]
            batch.states = [.done: 12]
            batch.toSubmit = [:]
            batch.first = []
        }
        #expect(try text([done]) == "spring  spring.yaml\njobs       12 done\nto submit  nothing\n")
    }

    @Test func `several batches are summed up`() throws {
        let other = batch(settings: BatchSettings(name: "autumn"))
        let text = try text([batch(), other]) { $0.run.maxJobs = 100 }
        #expect(text.contains("all 2 batches\nto submit  24,000 images, 100 of them in one run\n"), "\(text)")
    }

    @Test func `a path outside the batch's folder is warned about`() throws {
        let flat = batch(settings: BatchSettings(name: "spring", pathTemplate: "${index}.${ext}"))
        #expect(try text([flat]).contains("does not begin with `${batch}/`"))
        let named = batch(settings: BatchSettings(name: "spring", pathTemplate: "spring/${index}.${ext}"))
        #expect(try !text([named]).contains("warnings"))
    }
}
