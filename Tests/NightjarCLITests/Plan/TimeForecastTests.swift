import NightjarCore
import NightjarStore
import Testing

@testable import NightjarCLI

@Suite struct TimeForecastTests {
    private let five = Rate(requests: 5, per: .second)

    @Test func `the slowest of the limits counts`() {
        func work(_ jobs: Int, _ rates: [Rate], _ concurrency: Int, _ each: Duration?) -> Duration {
            TimeForecast(jobs: jobs, rates: rates, concurrency: concurrency, each: each).work
        }
        // Two requests each.
        #expect(work(100, [five], 8, nil) == .seconds(40))
        #expect(work(100, [five, Rate(requests: 60, per: .minute)], 8, nil) == .seconds(200))
        // Thirteen turns of eight.
        #expect(work(100, [five], 8, .seconds(10)) == .seconds(130))
        #expect(work(100, [five], 100, .seconds(10)) == .seconds(40))
        #expect(work(0, [five], 8, .seconds(10)) == .zero)
    }

    @Test func `without a measured job it is the least that it can be`() {
        #expect(TimeForecast(jobs: 1, rates: [five], concurrency: 1, each: nil).isLeast)
        #expect(!TimeForecast(jobs: 1, rates: [five], concurrency: 1, each: .seconds(1)).isLeast)
    }

    private let now = WallTime(milliseconds: 1_772_323_200_000)

    /// One that opens after each hour, for a quarter.
    private func phase(_ time: WallTime) -> Timetable.Phase {
        let minute = (time - now).inSeconds / 60
        let hour = (minute / 60).rounded(.down)
        return minute - hour * 60 < 15
            ? .open(until: now + .seconds((hour * 60 + 15) * 60)) : .closed(until: now + .seconds((hour + 1) * 3600))
    }

    @Test func `what does not fit into a window goes on in the next`() {
        let forecast = TimeForecast(jobs: 1, rates: [], concurrency: 1, each: .seconds(40 * 60))
        #expect(forecast.end(from: now) { _ in .open(until: nil) } == .at(now + .seconds(40 * 60)))
        // 15 minutes in each of two hours, 10 in the third.
        #expect(forecast.end(from: now) { phase($0) } == .at(now + .seconds((120 + 10) * 60)))
        #expect(forecast.end(from: now + .seconds(20 * 60)) { phase($0) } == .at(now + .seconds((180 + 10) * 60)))
    }

    @Test func `a deadline leaves a share of the work`() {
        let forecast = TimeForecast(jobs: 1, rates: [], concurrency: 1, each: .seconds(40 * 60))
        let deadline = now + .seconds(65 * 60)
        let end = forecast.end(from: now) { time in
            guard time < deadline else { return .over }
            switch phase(time) {
            case .open(let until): return .open(until: min(until ?? deadline, deadline))
            case .closed(let until): return .closed(until: min(until, deadline))
            case .over: return .over
            }
        }
        #expect(end == .late(share: 0.5))
    }
}

@Suite struct ExperienceTests {
    private let small = ImageRequest.Parameters(model: "a", width: 100, height: 100)

    @Test func `nothing known is guessed, and said to be`() {
        let none = Experience([])
        #expect(!none.knowsSizes)
        #expect(none.bytes(of: small) == 15_000)
        #expect(none.bytes(of: .init(model: "a")) == 1024 * 1024 * 1.5)
        #expect(none.duration(of: ["a": 1]) == nil)
    }

    @Test func `images of the same size tell most, the others by the pixel`() {
        let known = Experience([
            .init(model: "a", pixels: 10_000, bytes: 5000, duration: .seconds(1)),
            .init(model: "a", pixels: 10_000, bytes: 7000, duration: .seconds(9)),
            .init(model: "b", pixels: 40_000, bytes: 12_000, duration: .seconds(2)),
            .init(model: "b", pixels: 0, bytes: 99, duration: .seconds(86_400)),
        ])
        #expect(known.knowsSizes)
        #expect(known.bytes(of: small) == 6000)
        #expect(known.bytes(of: .init(model: "c", width: 10, height: 10)) == 40)
    }

    @Test func `a job takes as long as the middle one of its model`() {
        func image(_ model: String, _ seconds: Int) -> FinishedImage {
            FinishedImage(model: model, pixels: 1, bytes: 1, duration: .seconds(seconds))
        }
        let known = Experience([86_400, 2, 3, 4, 1].map { image("a", $0) } + [image("b", 9)])
        #expect(known.duration(of: ["a": 5]) == .seconds(3))
        #expect(known.duration(of: ["a": 1, "b": 1]) == .seconds(6))
        #expect(known.duration(of: ["a": 1, "c": 1]) == nil)
    }
}

@Suite struct PlanWarningsTests {
    private func job(_ prompt: String, model: String = "a", width: Int? = 64, height: Int? = 64, line: Int)
        -> PlannedJob
    {
        let parameters = ImageRequest.Parameters(model: model, width: width, height: height)
        return PlannedJob(
            label: nil, prompt: prompt, parameters: parameters, seed: .derived,
            identity: JobIdentity(prompt: prompt, parameters: parameters, seed: .derived),
            place: SourcePlace(file: "m.yaml", line: line))
    }

    @Test func `each kind is told once, with its number and its first place`() {
        var warnings = PlanWarnings(models: ["a", "novel-xl"])
        warnings.look(at: job("fine", line: 1))
        warnings.look(at: job("odd", width: 1001, line: 2))
        warnings.look(at: job("odd too", width: 1001, line: 3))
        warnings.look(at: job("high", width: nil, height: 9, line: 4))
        warnings.look(at: job(String(repeating: "é", count: 2001), line: 5))
        warnings.look(at: job(String(repeating: "é", count: 2000), line: 6))
        warnings.look(at: job("new", model: "novel-xxl", line: 7))
        let all = warnings.all
        #expect(all.map(\.first.line) == [2, 4, 5, 7])
        #expect(all.map(\.jobs) == [2, 1, 1, 1])
        #expect(all[0].words == "2 jobs ask for 1001x64, but most models make multiples of 8")
        #expect(all[1].words == "1 job asks for a height of 9, but most models make multiples of 8")
        #expect(all[2].words.hasPrefix("1 job has a prompt of more than 2,000 characters:"))
        #expect(
            all[3].words
                == "1 job asks for the model `novel-xxl`, which the API did not list; did you mean `novel-xl`?")
    }

    @Test func `without a list of models none is unknown, and of very many kinds only the first are told`() {
        var warnings = PlanWarnings(models: nil)
        for width in 1...50 { warnings.look(at: job("p", width: 8 * width + 1, line: width)) }
        #expect(warnings.all.count == 20)
        #expect(warnings.all.last?.first.line == 20)
    }
}
