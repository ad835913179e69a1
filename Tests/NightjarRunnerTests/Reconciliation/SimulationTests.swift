import Foundation
import NightjarCore
import Testing

@testable import NightjarRunner

/// A random search through what a network, an API and a killer can do to a run.
///
/// `NIGHTJAR_TRACES` says how many traces each test runs, `NIGHTJAR_TEST_SEED` picks one.
struct SimulationTests {
    static var traces: [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["NIGHTJAR_TEST_SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(1...(environment["NIGHTJAR_TRACES"].flatMap(UInt64.init) ?? 30))
    }

    static func requests(_ count: Int64, seeds: Int64, sameRequests: Bool) -> [JobID: ImageRequest] {
        Dictionary(
            uniqueKeysWithValues: (1...count).map { number in
                let prompt = "prompt \(sameRequests ? number % 3 : number)"
                return (
                    JobID(number),
                    ImageRequest(prompt: prompt, parameters: .init(model: "m"), seed: number % seeds + 1)
                )
            })
    }

    static func honestAPI(_ random: inout SimulationRandom) -> SimulatedAPI {
        var api = SimulatedAPI()
        api.saysHasMore = random.chance(50)
        api.pageLength = api.saysHasMore ? 10 : 1_000
        api.clockOffset = random.span(-600...600)
        api.clockNoise = random.chance(50) ? 1_000 : 0
        api.echoesPrompt = random.chance(30)
        let old = ImageRequest(prompt: "old", parameters: .init(model: "m"), seed: 77)
        for number in 0..<random.span(1...8) {
            _ = api.accept(old, at: 500_000 + number * 5_000, takes: 1_000, fails: false, owner: nil)
        }
        return api
    }

    @Test(arguments: traces)
    func `where the assumptions hold every job is decided, paid once, and gets its own image`(seed: UInt64) throws {
        var random = SimulationRandom(state: seed &* 77)
        var plan = SimulatedRun.Plan()
        plan.killPercent = random.chance(50) ? 0 : Int(random.span(1...3))
        plan.strangersPerMinute = random.span(0...20)
        plan.failPercent = random.chance(50) ? 0 : 20
        plan.attempts = Int(random.span(1...3))
        plan.cancelPercent = random.chance(70) ? 0 : 1
        var run = SimulatedRun(
            seed: seed, plan: plan, api: Self.honestAPI(&random),
            requests: Self.requests(random.span(1...9), seeds: random.span(1...9), sameRequests: random.chance(20)))
        run.disk.knowledge.models["m"] = Self.proven
        try drive(&run, seed, until: 4 * 3_600_000) { $0.isDecided }
        checkMoney(run, seed)
    }

    /// Nothing known at first; seeds cut, missing, or changed. What cannot be told is held, so not all is decided.
    @Test(arguments: traces, [SimulatedAPI.Echo.exact, .clipped31, .absent])
    func `whatever an API does with seeds nothing is paid twice, and no image is another's`(
        seed: UInt64, echo: SimulatedAPI.Echo
    ) throws {
        var random = SimulationRandom(state: seed &* 101)
        var plan = SimulatedRun.Plan()
        plan.strangersPerMinute = random.span(0...10)
        var api = Self.honestAPI(&random)
        api.echo = echo
        api.echoesPrompt = random.chance(20)
        if random.chance(30) {
            api.listsModel = { $0 + "-v2" }
        } else if random.chance(20) {
            api.listsModel = { _ in nil }
        }
        var requests = Self.requests(6, seeds: 6, sameRequests: false)
        if echo == .clipped31 {
            for id in requests.keys { requests[id]?.seed? += 1 << 33 }
        }
        var run = SimulatedRun(seed: seed, plan: plan, api: api, requests: requests, calmAfter: 300_000)
        try drive(&run, seed, until: .max) { $0.isDecided || $0.time > 1_000_000 + 1_500_000 }
        checkMoney(run, seed)
    }

    /// Strangers are other shards: their jobs have our seeds, and other prompts.
    @Test(arguments: traces, [true, false])
    func `other shards' jobs of the same seed are not taken for ours`(seed: UInt64, echoesPrompt: Bool) throws {
        var random = SimulationRandom(state: seed &* 103)
        var plan = SimulatedRun.Plan()
        plan.sharesSeed = true
        plan.strangersPerMinute = 10
        var api = Self.honestAPI(&random)
        api.echoesPrompt = echoesPrompt
        var run = SimulatedRun(
            seed: seed, plan: plan, api: api, requests: Self.requests(5, seeds: 2, sameRequests: false),
            calmAfter: 300_000)
        run.disk.knowledge.models["m"] = Self.proven
        try drive(&run, seed, until: echoesPrompt ? 14_400_000 : .max) {
            $0.isDecided || (!echoesPrompt && $0.time > 1_000_000 + 1_500_000)
        }
        checkMoney(run, seed)
    }

    /// A1 and A2 are broken: requests are accepted and jobs are listed minutes late.
    @Test(arguments: traces)
    func `beyond the assumptions every image paid is counted, and is its job's own`(seed: UInt64) throws {
        var random = SimulationRandom(state: seed &* 107)
        var plan = SimulatedRun.Plan()
        plan.latest = 90_000
        plan.lag = 60_000
        plan.killPercent = 0
        plan.cancelPercent = 0
        plan.strangersPerMinute = 2
        var run = SimulatedRun(
            seed: seed, plan: plan, api: Self.honestAPI(&random),
            requests: Self.requests(6, seeds: 6, sameRequests: false), calmAfter: 200_000)
        run.disk.knowledge.models["m"] = Self.proven
        try drive(&run, seed, until: 14_400_000) { $0.isOver }
        checkImages(run, seed)
        for job in run.api.jobs where job.owner != nil && !job.fails && run.disk.owners[job.id] == nil {
            Issue.record("\(job.id) is not counted, NIGHTJAR_TEST_SEED=\(seed)\n\(story(run))")
        }
    }

    @Test func `with a settle that is too short the search does find what is paid twice`() throws {
        var found = false
        for seed in 1...200 as ClosedRange<UInt64> where !found {
            var random = SimulationRandom(state: seed &* 77)
            var run = SimulatedRun(
                seed: seed, plan: SimulatedRun.Plan(), api: Self.honestAPI(&random),
                requests: Self.requests(6, seeds: 6, sameRequests: false))
            run.settings.settle = .seconds(2)
            run.settings.lateTimeouts = 1
            run.disk.knowledge.models["m"] = Self.proven
            try drive(&run, seed, until: 14_400_000) { $0.isDecided }
            found = run.requests.keys.contains { run.api.bills(of: $0) > 1 }
        }
        #expect(found)
    }

    static var proven: APIKnowledge.Model {
        var model = APIKnowledge.Model()
        model.echoedBits = 31
        model.isListedByName = true
        return model
    }

    private func drive(
        _ run: inout SimulatedRun, _ seed: UInt64, until end: Int64, _ isDone: (SimulatedRun) -> Bool
    ) throws {
        do {
            try run.start()
            while !isDone(run) {
                try run.step()
                if run.time - 1_000_000 > end {
                    Issue.record(
                        "not decided, NIGHTJAR_TEST_SEED=\(seed): \(run.reconciler.holds(at: run.now))\n\(story(run))")
                    return
                }
            }
        } catch {
            Issue.record("NIGHTJAR_TEST_SEED=\(seed): \(error)\n\(story(run))")
        }
    }

    private func checkMoney(_ run: SimulatedRun, _ seed: UInt64) {
        for job in run.requests.keys.sorted() {
            let bills = run.api.bills(of: job)
            if bills > 1 {
                Issue.record("\(bills) bills of \(job.rawValue), NIGHTJAR_TEST_SEED=\(seed)\n\(story(run))")
            }
        }
        checkImages(run, seed)
    }

    private func checkImages(_ run: SimulatedRun, _ seed: UInt64) {
        for (id, job) in run.disk.owners {
            guard let made = run.api.job(id) else { continue }
            if made.request != run.requests[job] {
                Issue.record("\(id) is not \(job.rawValue)'s, NIGHTJAR_TEST_SEED=\(seed)\n\(story(run))")
            }
        }
    }

    private func story(_ run: SimulatedRun) -> String { run.log.suffix(60).joined(separator: "\n") }
}
