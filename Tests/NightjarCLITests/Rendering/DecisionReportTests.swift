import NightjarCLI
import NightjarCore
import Testing

struct DecisionReportTests {
    @Test func `each job says what happens to it, and the last line what goes on`() {
        let report = DecisionReport(
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

    @Test func `jobs of an inbox go on with the daemon`() {
        let report = DecisionReport(
            [item("fox", .retry, .moved(from: .failed, to: .pending))], isRunning: false, ofInboxes: ["night", "day"])
        #expect(report.lines.last == "to go on: `systemctl start nightjar` or `nightjar daemon`")
    }

    @Test func `a resubmission says that it is paid for again`() {
        let lost = DecisionReport([item("hero", .resubmit, .moved(from: .unknown, to: .pending))], isRunning: true)
        #expect(
            lost.lines == [
                "hero of night: is submitted again, and paid for again if the lost one was accepted",
                "the process that runs goes on with it",
            ])
        let failed = DecisionReport([item("hero", .resubmit, .moved(from: .failed, to: .pending))], isRunning: true)
        #expect(failed.lines.first == "hero of night: is submitted again, and paid for again")
    }

    @Test func `what is so already is no mistake`() {
        let adopted = item("hero", .adopt(RemoteJobID("job-7")), .asItIs(.submitted))
        let report = DecisionReport([adopted, item("fox", .retry, .asItIs(.done))], isRunning: false)
        #expect(
            report.lines == [
                "hero of night: is `job-7` already (`submitted`)",
                "fox of night: has been delivered; nothing to try again",
                "to go on: `nightjar run` with the manifest of `night`",
            ])
        #expect(report.exit == .success)
    }

    @Test func `a refusal is a problem, with its words`() {
        let report = DecisionReport(
            [item("hero", .adopt(RemoteJobID("job-7")), .refused("the job job-7 belongs to `owl`"))], isRunning: false)
        #expect(report.lines.isEmpty)
        #expect(report.problems == ["hero of night: the job job-7 belongs to `owl`"])
        #expect(report.exit == .usage)
    }

    @Test func `a decision that nobody has carried out is said to be left`() {
        let report = DecisionReport([item("hero", .retry, .left)], isRunning: true)
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
        let report = DecisionReport(pending + others, isRunning: false, notes: ["a note"])
        #expect(
            report.lines == [
                "night: 30 submitted again in their turn", "day: 5 asked for under their old job ids first", "a note",
                "to go on: `nightjar run` with their manifests",
            ])
    }

    @Test func `a pause, a resume and a cancel say what they come to`() {
        func lines(_ decision: Decision, _ fate: DecisionReport.Fate) -> [String] {
            DecisionReport([item("hero", decision, fate)], isRunning: true).lines
        }
        #expect(lines(.pause, .moved(from: .pending, to: .pending)) == ["hero of night: is paused"])
        #expect(lines(.pause, .asItIs(.waiting)) == ["hero of night: is paused already"])
        #expect(
            lines(.resume, .moved(from: .pending, to: .pending)) == [
                "hero of night: is resumed, and submitted in its turn", "the process that runs goes on with it",
            ])
        #expect(lines(.resume, .asItIs(.pending)).first == "hero of night: is not paused")
        #expect(lines(.cancel, .moved(from: .pending, to: .cancelled)) == ["hero of night: is cancelled"])
        #expect(lines(.cancel, .asItIs(.cancelled)) == ["hero of night: is cancelled already"])
        #expect(
            lines(.cancel, .moved(from: .submitted, to: .submitted)).first
                == "hero of night: it is at the API, comes home when it completes, and is not submitted again")
        #expect(
            lines(.cancel, .moved(from: .unknown, to: .unknown)).first
                == "hero of night: its answer was lost; what the API has of it comes home, and it is not submitted again"
        )
        #expect(
            lines(.retry, .moved(from: .submitted, to: .submitted)).first
                == "hero of night: is wanted again (`submitted`), and tried again where it FAILS")
        let many = (1...20).map {
            item("j\($0)", .cancel, .moved(from: $0 < 6 ? .submitted : .pending, to: $0 < 6 ? .submitted : .cancelled))
        }
        #expect(
            DecisionReport(many, isRunning: true).lines.first == "night: 5 cancelled, and coming home, 15 cancelled")
    }

    private func item(
        _ name: String, _ decision: Decision, _ fate: DecisionReport.Fate, remote: String? = nil
    ) -> DecisionReport.Item {
        DecisionReport.Item(
            batch: "night", name: name, decision: decision, remoteID: remote.map(RemoteJobID.init), fate: fate)
    }
}
