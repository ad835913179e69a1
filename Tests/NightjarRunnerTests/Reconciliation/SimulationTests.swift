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
        return Array(1...(environment["NIGHTJAR_TRACES"].flatMap(UInt64.init) ?? 60))
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
                if run.time > 1_000_000 + end {
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
