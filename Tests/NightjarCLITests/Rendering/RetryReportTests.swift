import NightjarCLI
import NightjarCore
import Testing

struct RetryReportTests {
    @Test func `each job says what happens to it, and the last line what goes on`() {
        let report = RetryReport(
            [
                item("hero", .retry, .moved(from: .failed, to: .submitted), remote: "job-1"),
                item("fox", .retry, .moved(from: .failed, to: .pending)),
                item("owl", .retry, .moved(from: .cancelled, to: .unknown)),
            ], isRunning: false)
        #expect(
            report.lines == [
                "hero of night: its old job `job-1` is asked for first: fetched if it has completed; if the API no longer knows it, another one is paid for",
                "fox of night: is submitted again in its turn; nothing was billed for it",
                "owl of night: is held again: its answer was lost before it was cancelled",
                "to go on: `nightjar run` with the manifest of `night`",
            ])
        #expect(report.problems.isEmpty)
        #expect(report.exit == .success)
    }

    @Test func `a resubmission says that it is paid for again`() {
        let lost = RetryReport([item("hero", .resubmit, .moved(from: .unknown, to: .pending))], isRunning: true)
        #expect(
            lost.lines == [
                "hero of night: is submitted again, and paid for again if the lost one was accepted",
                "the process that runs goes on with it",
            ])
        let failed = RetryReport([item("hero", .resubmit, .moved(from: .failed, to: .pending))], isRunning: true)
        #expect(failed.lines.first == "hero of night: is submitted again, and paid for again")
    }

    @Test func `what is so already is no mistake`() {
        let adopted = item("hero", .adopt(RemoteJobID("job-7")), .asItIs(.submitted))
        let report = RetryReport([adopted, item("fox", .retry, .asItIs(.done))], isRunning: false)
        #expect(
            report.lines == [
                "hero of night: is `job-7` already (`submitted`)",
                "fox of night: has been delivered; nothing to try again",
                "to go on: `nightjar run` with the manifest of `night`",
            ])
        #expect(report.exit == .success)
    }

    @Test func `a refusal is a problem, with its words`() {
        let report = RetryReport(
            [item("hero", .adopt(RemoteJobID("job-7")), .refused("the job job-7 belongs to `owl`"))], isRunning: false)
        #expect(report.lines.isEmpty)
        #expect(report.problems == ["hero of night: the job job-7 belongs to `owl`"])
        #expect(report.exit == .usage)
    }

    @Test func `a decision that nobody has carried out is said to be left`() {
        let report = RetryReport([item("hero", .retry, .left)], isRunning: true)
        #expect(report.lines.isEmpty)
        #expect(report.problems.count == 1)
        #expect(report.exit == .locked)
    }

    @Test func `many jobs are counted by batch`() {
        let pending = (1...30).map { item("j\($0)", .retry, .moved(from: .failed, to: .pending)) }
        let others = (1...5).map { number in
            var item = item("k\(number)", .retry, .moved(from: .failed, to: .submitted))
            item.batch = "day"
            return item
        }
        let report = RetryReport(pending + others, isRunning: false, notes: ["a note"])
        #expect(
            report.lines == [
                "night: 30 submitted again in their turn", "day: 5 asked for under their old job ids first", "a note",
                "to go on: `nightjar run` with their manifests",
            ])
    }

    private func item(
        _ name: String, _ decision: Decision, _ fate: RetryReport.Fate, remote: String? = nil
    ) -> RetryReport.Item {
        RetryReport.Item(
            batch: "night", name: name, decision: decision, remoteID: remote.map(RemoteJobID.init), fate: fate)
    }
}
