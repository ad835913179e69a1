import NightjarCLI
import NightjarCore
import Testing

struct PlainProgressTests {
    @Test func `a run of a minute has a handful of lines`() {
        #expect(
            simulate(seconds: 62, batches: 1) == [
                "2026-03-01T02:04:05Z neon-cities: 40000 jobs",
                "2026-03-01T02:04:15Z neon-cities: 10 of 40000 done (0%), 4 running, 1.0/s, about 16 min 40 s left",
                "2026-03-01T02:04:45Z neon-cities: 40 of 40000 done (0%), 4 running, 1.0/s, about 16 min 40 s left",
            ])
    }

    @Test("a night has a few hundred lines at most", arguments: [1, 3, 4, 50])
    func night(batches: Int) {
        let lines = simulate(seconds: 8 * 3600, batches: batches)
        #expect((100...420).contains(lines.count), "\(lines.count) lines")
    }

    @Test func `many batches share a line`() {
        let lines = simulate(seconds: 11, batches: 4)
        #expect(lines.count == 5)
        #expect(lines.last?.contains("all 4 batches: 40 of 160000 done (0%), 16 running, 4.0/s") == true)
    }

    @Test func `a job that failed or is unknown has its line, its message cut and harmless`() {
        var plain = PlainProgress()
        let message = "out of \u{1B}[31mmemory\n" + String(repeating: "x", count: 500)
        let lines = plain.lines(
            for: RenderingSample.event(.failed(RenderingSample.job(7), FailureCause(.remoteFailed, message))))
        #expect(lines.count == 1)
        let beginning =
            "2026-03-01T02:04:05Z neon-cities: job 7 (01234567) failed: remote_failed: out of ␛[31mmemory xxx"
        #expect(lines[0].hasPrefix(beginning) && lines[0].hasSuffix("x…") && lines[0].count < 300)
        #expect(
            plain.lines(
                for: RenderingSample.event(.unknown(RenderingSample.job(8), FailureCause(.lost, "no answer for 30 s"))))
                == [
                    "2026-03-01T02:04:05Z neon-cities: job 8 (01234567) unknown: lost: no answer for 30 s"
                ])
    }

    @Test func `a flood of failures is counted, not listed`() {
        var plain = PlainProgress()
        _ = plain.lines(for: RenderingSample.event(.started(RenderingSample.progress([.pending: 5000]))))
        let lines = (0..<1000).flatMap {
            plain.lines(for: RenderingSample.event(.failed(RenderingSample.job($0), FailureCause(.rejected, "no"))))
        }
        #expect(lines.count == 20)
        #expect(
            plain.tick(now: RenderingSample.start + .seconds(10)) == [
                "2026-03-01T02:04:15Z 980 more failed or unknown; see `nightjar jobs`"
            ])
        #expect(
            plain.lines(for: RenderingSample.event(.failed(RenderingSample.job(1), FailureCause(.rejected, "no"))))
                .count == 1)
    }

    @Test func `a gate is said once, and when it opens`() {
        var plain = PlainProgress()
        let closed = RunEvent.Kind.gate(reason: "slow down", until: RenderingSample.start + .seconds(90))
        #expect(
            plain.lines(for: RenderingSample.event(closed, batch: nil)) == [
                "2026-03-01T02:04:05Z waiting: slow down, 1 min 30 s"
            ])
        #expect(plain.lines(for: RenderingSample.event(closed, batch: nil, after: 1)) == [])
        #expect(
            plain.lines(for: RenderingSample.event(.gate(reason: nil, until: nil), batch: nil, after: 90)) == [
                "2026-03-01T02:05:35Z no longer waiting"
            ])
        #expect(plain.lines(for: RenderingSample.event(.gate(reason: nil, until: nil), batch: nil, after: 91)) == [])
    }

    @Test func `of several batches the end of each is said once`() {
        var plain = PlainProgress()
        _ = plain.lines(for: RenderingSample.event(.started(RenderingSample.progress([.pending: 2]))))
        #expect(
            plain.lines(
                for: RenderingSample.event(
                    .started(RenderingSample.progress([.done: 1, .pending: 1], of: "b")), batch: "b"))
                == ["2026-03-01T02:04:05Z b: 2 jobs, 1 of them done before"])
        let ended = RenderingSample.event(.progress(RenderingSample.progress([.done: 1, .failed: 1])))
        #expect(plain.lines(for: ended) == ["2026-03-01T02:04:05Z neon-cities: 1 of 2 done (50%), 1 failed"])
        #expect(plain.lines(for: ended) == [])
    }

    /// Batches of 40,000 jobs, each of which finishes one a second.
    private func simulate(seconds: Int, batches: Int) -> [String] {
        var plain = PlainProgress()
        var lines: [String] = []
        for second in 0...seconds where second < 100 || second % 10 == 0 {
            for batch in 0..<batches {
                let name = batch == 0 ? "neon-cities" : "batch-\(batch)"
                let counts: [JobState: Int] = [.done: second, .submitted: 4, .pending: 39_996 - second]
                let progress = RenderingSample.progress(counts, of: name, rate: 1, eta: 1000)
                let kind: RunEvent.Kind = second == 0 ? .started(progress) : .progress(progress)
                lines += plain.lines(for: RenderingSample.event(kind, batch: name, after: second))
            }
            lines += plain.tick(now: RenderingSample.start + .seconds(second))
        }
        return lines
    }
}
