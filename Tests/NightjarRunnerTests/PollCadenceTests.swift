import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarRunner

struct PollCadenceTests {
    /// Looks at a job that takes `duration`, as the poller does.
    /// - Returns: How many looks it took, and how long after its end the last one came.
    private static func follow(
        _ cadence: inout PollCadence, model: String, duration: Duration
    ) -> (looks: Int, late: Duration) {
        var age = Duration.zero
        var looks = 0
        while true {
            age = max(age, cadence.nextLook(model: model, looks: looks, age: age))
            looks += 1
            if age >= duration {
                cadence.done(model: model, looks: looks, age: age)
                return (looks, age - duration)
            }
        }
    }

    @Test(arguments: [50, 400, 3_000, 20_000, 90_000])
    func `jobs of one duration come to need fewer than two and a half looks`(milliseconds: Int) {
        var cadence = PollCadence()
        let duration = Duration.milliseconds(milliseconds)
        for _ in 0..<30 { _ = Self.follow(&cadence, model: "m", duration: duration) }
        let results = (0..<200).map { _ in Self.follow(&cadence, model: "m", duration: duration) }
        #expect(Double(results.reduce(0) { $0 + $1.looks }) / 200 < 2.5)
        // None waits for its end much longer than it has taken.
        #expect(results.allSatisfy { $0.late <= max(duration * 0.3, .milliseconds(200)) })
    }

    @Test func `the next look is never sooner than a tenth of a second, nor later than a quarter of a minute`() {
        var random = SeededGenerator()
        var cadence = PollCadence()
        for _ in 0..<2000 {
            let duration = Duration.milliseconds(Int.random(in: 1...900_000, using: &random))
            let model = "model-\(Int.random(in: 0..<3, using: &random))"
            if Bool.random(using: &random) {
                _ = Self.follow(&cadence, model: model, duration: duration)
            }
            let looks = Int.random(in: 1...40, using: &random)
            let gap = cadence.nextLook(model: model, looks: looks, age: duration) - duration
            #expect(gap >= .milliseconds(100) && gap <= .seconds(15), "\(random)")
        }
    }

    @Test func `models do not learn from each other`() {
        var cadence = PollCadence()
        for _ in 0..<20 { _ = Self.follow(&cadence, model: "slow", duration: .seconds(300)) }
        #expect(cadence.nextLook(model: "fast", looks: 0, age: .zero) == .milliseconds(100))
    }
}
