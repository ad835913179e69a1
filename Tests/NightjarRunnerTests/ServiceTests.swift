import NightjarCore
import NightjarRunner
import NightjarTestSupport
import Testing

/// A runner that is never over by itself: batches come while it runs.
@Suite(.timeLimit(.minutes(5)))
struct ServiceTests {
    private static func service(
        concurrency: Int = 4, _ change: (inout RunSettings) -> Void = { _ in }
    ) -> RunSettings {
        .with(concurrency: concurrency) {
            $0.isService = true
            change(&$0)
        }
    }

    @Test func `a batch that comes while others run is run, and each end is told once`() async throws {
        let bench = try Bench()
        let first = try bench.takeIn("first", jobs: 6)
        let outcome = try await bench.run(Self.service(), ends: 3) { runner in
            try await bench.clock.sleep(until: .seconds(12))
            let second = try bench.takeIn("second", jobs: 3)
            try await runner.add(second)
            // Long after everything has ended.
            try await bench.clock.sleep(until: .seconds(5000))
            let third = try bench.takeIn("third", jobs: 1)
            try await runner.add(third)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.ends.map(\.name) == ["first", "second", "third"])
        #expect(bench.ends.allSatisfy { $0.exit == .success && $0.reason.isEmpty })
        #expect(bench.ends.first?.batch == first)
        #expect(try await bench.states() == [.done: 10])
        #expect(bench.clock.now > .seconds(5000) && bench.clock.now < .seconds(5100))
    }

    @Test func `an edit brings new jobs and takes others away, also after the end`() async throws {
        let bench = try Bench()
        let batch = try bench.takeIn(jobs: 3)
        let outcome = try await bench.run(Self.service(), ends: 2) { runner in
            try await bench.clock.sleep(until: .seconds(100))
            let jobs = (1..<5).map { PlannedJob.sample("spring, prompt \($0)") }
            let intake = try bench.store.takeIn(BatchSettings(name: "spring"), jobs, now: bench.clock.wall)
            try await runner.add(intake.batch, changes: intake.countChanges)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.ends.map(\.batch) == [batch, batch])
        #expect(try await bench.states() == [.done: 5])
        #expect(bench.service.submissions.count == 5)
    }

    @Test func `what is edited away while its submission is out is not submitted again`() async throws {
        var script = ScriptedService.Script()
        script.latency = .seconds(5)
        script.submit = { $0.number == 1 ? .throttled(RetryAfter(.seconds(60))) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 2)
        let outcome = try await bench.run(Self.service(concurrency: 1), ends: 1) { runner in
            // While it is looked, time stands still.
            while try await !bench.clock.busy({
                guard try await bench.states()[.submitting] == 1 else { return false }
                let jobs = [PlannedJob.sample("another")]
                let intake = try bench.store.takeIn(BatchSettings(name: "spring"), jobs, now: bench.clock.wall)
                try await runner.add(intake.batch, changes: intake.countChanges)
                return true
            }) {
                try await bench.clock.sleep(for: .milliseconds(100))
            }
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.cancelled: 2, .done: 1])
        #expect(bench.service.acceptedIDs.count == 1)
    }

    @Test func `a day of batches leaves nothing behind`() async throws {
        let bench = try Bench()
        let outcome = try await bench.run(Self.service(), ends: 144) { runner in
            for number in 0..<144 {
                let batch = try bench.takeIn("batch-\(number)", jobs: 2)
                try await runner.add(batch)
                try await bench.clock.sleep(for: .seconds(600))
                // What has ended is let go of, in every part.
                #expect(runner.progress.isEmpty, "\(number): \(runner.progress)")
            }
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.ends.count == 144)
        #expect(bench.clock.now > .seconds(85_000))
        #expect(try await bench.states() == [.done: 288])
    }

    @Test func `a budget holds from the first submission of a batch that comes`() async throws {
        let bench = try Bench()
        let price = try #require(Money("0.05"))
        let settings = Self.service(concurrency: 50) { $0.prices = ["model-a": price] }
        let outcome = try await bench.run(settings, ends: 1) { runner in
            try await bench.clock.sleep(until: .seconds(5))
            let batch = try bench.takeIn(jobs: 100, limits: .init(budget: Money("1.00")))
            try await runner.add(batch)
        }
        #expect(bench.service.submissions.count == 20, "\(outcome)")
        #expect(bench.ends.map(\.exit) == [.limitReached])
    }

    @Test func `a model without a price waits where money is limited`() async throws {
        let bench = try Bench()
        let price = try #require(Money("0.05"))
        let settings = Self.service { $0.prices = ["model-b": price] }
        _ = try await bench.run(settings) { runner in
            let batch = try bench.takeIn(jobs: 3, limits: .init(budget: Money("1.00")))
            try await runner.add(batch)
            try await bench.clock.sleep(until: .seconds(100))
            #expect(runner.view.waits["spring"]?.action?.contains("model-a") == true, "\(runner.view.waits)")
            #expect(bench.service.submissions.isEmpty)
            var priced = settings
            priced.prices["model-a"] = price
            try await runner.apply(priced)
            try await bench.clock.sleep(until: .seconds(150))
            #expect(bench.service.submissions.count == 3)
            runner.stop(.terminated)
        }
    }

    @Test func `what was stopped for its failures stays so after a restart, until a job is tried again`() async throws {
        var script = ScriptedService.Script()
        script.look = { _ in .success(.failed("no")) }
        let bench = try Bench(script)
        let batch = try bench.takeIn(jobs: 20, retry: .init(attempts: 1))
        _ = try await bench.run(Self.service { $0.pilot = 3 })
        #expect(bench.ends.map(\.exit) == [.someFailed])
        #expect(bench.service.submissions.count == 3)
        let again = try Bench(after: bench)
        _ = try await again.run(Self.service { $0.pilot = 3 }, ends: 9) { runner in
            try await again.clock.sleep(for: .seconds(600))
            #expect(again.service.submissions.isEmpty)
            for job in try await again.store.jobs(of: "spring") where job.state == .failed {
                _ = try await again.store.leave(.retry, for: job.id, now: again.clock.wall)
            }
            again.ring()
            try await again.clock.sleep(for: .seconds(600))
            runner.stop(.terminated)
        }
        #expect(again.service.acceptedIDs.count == 20)
        #expect(try await again.store.batch(batch)?.halted == nil)
    }

    @Test func `a rate that comes while requests are out holds, and nothing spins`() async throws {
        var script = ScriptedService.Script()
        script.latency = .seconds(3)
        let bench = try Bench(script)
        let batch = try bench.takeIn(jobs: 60)
        _ = try await bench.run(Self.service(concurrency: 20)) { runner in
            try await bench.clock.sleep(until: .seconds(8))
            let change = LimitChange(rate: .by(Rate(requests: 6, per: .minute)))
            _ = try await bench.store.leave(.set(change), for: batch, now: bench.clock.wall)
            bench.ring()
            try await bench.clock.sleep(until: .seconds(600))
            runner.stop(.terminated)
        }
        let late = bench.service.requestTimes.filter { $0 > .seconds(75) && $0 < .seconds(595) }
        #expect(mostWithin(.seconds(60), of: late) <= 6, "\(late)")
    }

    @Test func `limits of a batch are for its life, whatever number of daemons runs it`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 9, limits: .init(maxJobs: 5))
        let first = try await bench.run(Self.service(concurrency: 2)) { runner in
            try await bench.clock.sleep(until: .seconds(5))
            runner.stop(.terminated)
        }
        #expect(first.exit == .terminated, "\(first)")
        #expect(try await bench.states() == [.done: 2, .pending: 7])
        var script = ScriptedService.Script()
        script.ids = "later"
        let again = try Bench(script, after: bench)
        let second = try await again.run(Self.service(concurrency: 2))
        #expect(second.exit == .terminated || second.exit == .limitReached, "\(second)")
        #expect(again.ends.map(\.exit) == [.limitReached])
        #expect(try await again.states() == [.done: 5, .pending: 4])
    }

    @Test func `an output without room is waited for`() async throws {
        let free = Locked<Int64>(10)
        let bench = try Bench(tree: ScriptedTree(free: { .success(free.value) }))
        try bench.takeIn(jobs: 4)
        let outcome = try await bench.run(Self.service { $0.minFree = 1000 }) { runner in
            try await bench.clock.sleep(until: .seconds(500))
            #expect(bench.service.submissions.isEmpty)
            #expect(runner.view.waits["spring"]?.reason == .disk)
            free.withLock { $0 = 10_000 }
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 4])
    }

    @Test func `an API that does not answer is waited for, however long`() async throws {
        var script = ScriptedService.Script()
        script.submit = { $0.time < .seconds(20_000) ? .notSent("connection refused") : nil }
        script.list = { _, time in time < .seconds(20_000) ? .failure(.unavailable("connection refused")) : nil }
        let bench = try Bench(script)
        try bench.takeIn(jobs: 2)
        let outcome = try await bench.run(Self.service()) { runner in
            try await bench.clock.sleep(until: .seconds(10_000))
            #expect(runner.view.waits["spring"]?.reason == .api)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(try await bench.states() == [.done: 2])
    }

    @Test func `another configuration takes effect while it runs`() async throws {
        var script = ScriptedService.Script()
        script.duration = .seconds(10)
        let bench = try Bench(script)
        try bench.takeIn(jobs: 60)
        let outcome = try await bench.run(Self.service(concurrency: 2)) { runner in
            try await bench.clock.sleep(until: .seconds(35))
            #expect(bench.service.mostUnfinished == 2)
            try await runner.apply(Self.service(concurrency: 10))
            #expect(runner.view.concurrency == 10)
        }
        #expect(outcome.exit == .success, "\(outcome)")
        #expect(bench.service.mostUnfinished == 10)
        #expect(bench.clock.now < .seconds(120))
    }
}

/// Nights and days by the clock of a place, over weeks, on a clock that jumps.
@Suite(.timeLimit(.minutes(5)))
struct NightTests {
    private static let paris = LocalClock(named: "Europe/Paris")

    private static func moment(_ text: String) throws -> WallTime {
        guard case .moment(let time) = try WrittenTime(text: text) else { throw WrittenTime.ReadingError.form }
        return time
    }

    /// A night from 22:00 to 04:00 has seven hours when the clocks go back, five when they go forward.
    @Test(arguments: [
        (start: "2026-03-26T12:00:00Z", change: "2026-03-29", hours: 5),
        (start: "2026-10-22T12:00:00Z", change: "2026-10-25", hours: 7),
    ])
    func `a week of windows is kept to the minute, across a change of the clocks`(
        start: String, change: String, hours: Int
    ) async throws {
        let clock = try #require(Self.paris)
        let begin = try Self.moment(start)
        var script = ScriptedService.Script()
        script.duration = .seconds(900)
        let bench = try Bench(script, start: begin)
        let window = try BatchSettings.Schedule.Window(text: "22:00-04:00")
        try bench.takeIn(
            jobs: 2000, retry: .init(jobTimeout: .seconds(36_000)),
            schedule: .init(window: window, timeZone: "Europe/Paris"))
        let outcome = try await bench.run(
            .with(concurrency: 2) {
                $0.isService = true
                $0.timeout = .seconds(60)
            }
        ) { runner in
            try await bench.clock.sleep(for: .seconds(7 * 86_400))
            runner.stop(.terminated)
        }
        #expect(outcome.exit == .terminated, "\(outcome)")
        let times = bench.service.submissions.map { begin + $0.time }
        var nights: [String: [WallTime]] = [:]
        for time in times {
            let local = clock.local(at: time)
            #expect(local.minute >= 22 * 60 || local.minute < 4 * 60, "\(time.rfc3339)")
            // A night is called after the morning that it ends with.
            let morning = local.minute >= 22 * 60 ? clock.local(at: time + .seconds(4 * 3600)) : local
            nights[morning.dateText, default: []].append(time)
        }
        #expect(nights.count == 7)
        for (morning, times) in nights {
            let (first, last) = (try #require(times.min()), try #require(times.max()))
            #expect(clock.local(at: first).timeText.hasPrefix("22:00"), "\(morning): \(first.rfc3339)")
            let length = morning == change ? hours : 6
            // Jobs of a quarter of an hour, two at a time, and what is asked between: four an hour each.
            #expect(last - first < .seconds(length * 3600), "\(morning)")
            #expect(last - first > .seconds(length * 3600 - 1000), "\(morning)")
            #expect(times.count <= length * 8 && times.count >= length * 8 - 4, "\(morning): \(times.count)")
        }
    }

    @Test func `a day's budget and its jobs are spent to the last, from midnight to midnight`() async throws {
        let clock = try #require(Self.paris)
        let begin = try Self.moment("2026-10-22T12:00:00Z")
        var script = ScriptedService.Script()
        script.duration = .seconds(600)
        // Now and then one fails, which is not billed, and its money is spent on another the same day.
        script.look = { look in
            let number = look.id.rawValue.split(separator: "-").last.flatMap { Int($0) } ?? 0
            return number % 7 == 0 ? .success(.failed("no")) : nil
        }
        let bench = try Bench(script, start: begin)
        try bench.takeIn("one", jobs: 300, retry: .init(attempts: 1))
        try bench.takeIn("two", jobs: 300, retry: .init(attempts: 1))
        let price = try #require(Money("0.10"))
        let settings = RunSettings.with(concurrency: 5) {
            $0.isService = true
            $0.prices = ["model-a": price]
            $0.daily = DailyLimits(budget: Money("2.00"), timeZone: "Europe/Paris")
        }
        let outcome = try await bench.run(settings) { runner in
            try await bench.clock.sleep(for: .seconds(3 * 86_400))
            #expect(runner.view.waits["one"]?.reason == .daily, "\(runner.view.waits)")
            try await bench.clock.sleep(for: .seconds(2 * 86_400))
            runner.stop(.terminated)
        }
        #expect(outcome.exit == .terminated, "\(outcome)")
        var days: [String: (all: Int, failed: Int)] = [:]
        for submission in bench.service.submissions {
            let day = clock.local(at: begin + submission.time).dateText
            days[day, default: (0, 0)].all += 1
            if submission.number % 7 == 0 { days[day, default: (0, 0)].failed += 1 }
        }
        #expect(days.count == 6)
        for (day, count) in days { #expect(count.all - count.failed == 20, "\(day): \(count)") }
    }

    @Test func `what was committed before a restart counts for the day`() async throws {
        let bench = try Bench()
        try bench.takeIn(jobs: 50)
        let settings = RunSettings.with(concurrency: 5) {
            $0.isService = true
            $0.daily = DailyLimits(maxJobs: 12, timeZone: "UTC")
        }
        _ = try await bench.run(settings) { runner in
            try await bench.clock.sleep(until: .seconds(15))
            runner.stop(.terminated)
        }
        let before = bench.service.submissions.count
        #expect(before == 10)
        var script = ScriptedService.Script()
        script.ids = "later"
        let again = try Bench(script, after: bench)
        _ = try await again.run(settings) { runner in
            try await again.clock.sleep(until: .seconds(86_000))
            runner.stop(.terminated)
        }
        #expect(again.service.submissions.count == 2)
        #expect(try await again.states() == [.done: 12, .pending: 38])
    }
}
