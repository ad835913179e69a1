import NightjarCore
import Testing

@testable import NightjarRunner

struct ReconcilerScaleTests {
    @Test func `two thousand lost jobs and a list of a thousand rows`() throws {
        var scene = Scene()
        let rows = (0..<1000).reversed().map { scene.row(RemoteJobID("s\($0)"), Double($0) / 10) }
        for job in 1...2000 as ClosedRange<Int64> {
            try scene.submit(job, seed: job, at: Double(job) / 1000)
            try scene.lose(job, at: 3)
        }
        let reading = scene.reading(rows + [scene.row("old", -1000)])
        _ = scene.machine.read(reading, asked: scene.at(110), received: scene.at(111), known: [])
        for number in 0..<1000 { scene.read(RemoteJobID("s\(number)"), seed: .integer(900_000), at: 112) }
        let clock = ContinuousClock()
        var steps: [Step] = []
        let time = clock.measure {
            for turn in 0..<10 {
                steps = scene.machine.read(
                    reading, asked: scene.at(120 + Double(turn)), received: scene.at(120.5 + Double(turn)), known: [])
            }
        }
        print("a list for 2,000 lost jobs and 1,000 candidates takes \(time / 10)")
        print("nextList \(clock.measure { _ = scene.machine.nextList(at: scene.at(131)) })")
        print("candidatesToRead \(clock.measure { _ = scene.machine.candidatesToRead(at: scene.at(131)) })")
        print("holds \(clock.measure { _ = scene.machine.holds(at: scene.at(131)) })")
        print("taken \(clock.measure { _ = scene.machine.taken(at: scene.at(131)) })")
        print("tick \(clock.measure { _ = scene.machine.tick(at: scene.at(131)) })")
        #expect(steps.resubmitted == [Scene.id(1)])
    }
}
