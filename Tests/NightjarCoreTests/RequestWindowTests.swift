import NightjarCore
import NightjarTestSupport
import Testing

/// The window against a server that sees every request at some moment between its departure and its answer.
@Suite struct RequestWindowTests {
    private struct Outcome {
        /// When requests reached the server, in order.
        var arrivals: [Duration] = []
        var elapsed: Duration = .zero
        var longestRoundTrip: Duration = .zero
    }

    /// Sends `count` requests as soon as the window lets each of them go.
    private func simulate(
        _ window: inout RequestWindow, requests count: Int, latency: ClosedRange<Int>, random: inout SeededGenerator
    ) -> Outcome {
        var outcome = Outcome()
        var answers: [Duration] = []
        var now: Duration = .zero
        var sent = 0
        while sent < count {
            while let answer = answers.min(), answer <= now {
                answers.remove(at: answers.firstIndex(of: answer) ?? 0)
                window.end(at: answer)
            }
            let free = min(window.available(at: now), count - sent)
            for _ in 0..<free {
                window.begin()
                sent += 1
                let there = Duration.microseconds(Int.random(in: latency, using: &random))
                let back = Duration.microseconds(Int.random(in: latency, using: &random))
                if Int.random(in: 0..<50, using: &random) == 0 {
                    window.giveBack()  // It never left; another is sent for it.
                    sent -= 1
                    continue
                }
                outcome.arrivals.append(now + there)
                answers.append(now + there + back)
                outcome.longestRoundTrip = max(outcome.longestRoundTrip, there + back)
            }
            guard sent < count, window.available(at: now) == 0 else { continue }
            // Nothing is free: either time or an answer frees it, or the window starves.
            guard let next = [window.nextRelease, answers.min()].compactMap({ $0 }).min() else {
                Issue.record("nothing is free and nothing will be: \(random)")
                break
            }
            now = max(now, next)
        }
        outcome.arrivals.sort()
        outcome.elapsed = now
        return outcome
    }

    private func mostArrivals(_ arrivals: [Duration], within window: Duration) -> Int {
        var most = 0
        var first = 0
        for (last, time) in arrivals.enumerated() {
            while time - arrivals[first] >= window { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    @Test func `no sliding window at the server ever holds more than the rate, and nothing starves`() {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<60 {
            let rate = Rate(
                requests: .random(in: 1...40, using: &random), per: Bool.random(using: &random) ? .second : .minute)
            let slowest = [1, 1000, 100_000, 3_000_000].randomElement(using: &random) ?? 1
            var window = RequestWindow(rate: rate)
            let outcome = simulate(&window, requests: 400, latency: 0...slowest, random: &random)
            #expect(mostArrivals(outcome.arrivals, within: rate.window.duration) <= rate.requests, "\(random)")
            // In each window and round trip, `requests` of them leave.
            let rounds = (400 + rate.requests - 1) / rate.requests
            let bound = (rate.window.duration + outcome.longestRoundTrip + .milliseconds(3)) * rounds
            #expect(outcome.elapsed <= bound, "\(random)")
        }
    }

    @Test func `requests of an earlier process count`() {
        var window = RequestWindow(rate: Rate(requests: 3, per: .minute))
        window.restore(2, at: .seconds(-30))
        window.restore(1, at: .seconds(-50))
        #expect(window.available(at: .zero) == 0)
        #expect(window.nextRelease == .seconds(10) + .milliseconds(2))
        #expect(window.available(at: .seconds(11)) == 1)
        #expect(window.available(at: .seconds(31)) == 3)
        #expect(window.nextRelease == nil)
    }

    @Test func `a request counts until one window after its answer`() {
        var window = RequestWindow(rate: Rate(requests: 1, per: .second))
        #expect(window.available(at: .zero) == 1)
        window.begin()
        #expect(window.available(at: .seconds(100)) == 0)
        #expect(window.nextRelease == nil)
        window.end(at: .seconds(100))
        #expect(window.available(at: .seconds(101)) == 0)
        #expect(window.available(at: .milliseconds(101_002)) == 1)
        window.begin()
        window.giveBack()
        #expect(window.available(at: .milliseconds(101_002)) == 1)
    }

    @Test func `a window that has lived long still counts right`() {
        var window = RequestWindow(rate: Rate(requests: 1000, per: .second))
        for second in 0..<20 {
            let now = Duration.seconds(2 * second)
            #expect(window.available(at: now) == 1000)
            window.begin(1000)
            for _ in 0..<1000 { window.end(at: now) }
            #expect(window.available(at: now + .milliseconds(500)) == 0)
        }
    }
}
