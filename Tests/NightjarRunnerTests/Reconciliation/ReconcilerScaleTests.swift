import NightjarCore
import Testing

@testable import NightjarRunner

struct ReconcilerScaleTests {
    /// About 10 ms a list in a release build; quadratic work would show here as minutes.
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
        var steps: [Step] = []
        for turn in 0..<10 {
            steps = scene.machine.read(
                reading, asked: scene.at(120 + Double(turn)), received: scene.at(120.5 + Double(turn)), known: [])
        }
        #expect(steps.resubmitted == [Scene.id(1)])
    }
}
