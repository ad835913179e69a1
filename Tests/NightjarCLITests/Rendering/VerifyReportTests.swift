import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct VerifyReportTests {
    @Test func `nothing damaged is one line`() {
        var report = VerifyReport()
        #expect(text(report) == "there are no images yet\n")
        report.checked = 3
        report.bytes = 3 << 20
        #expect(text(report) == "3 images checked (3 MiB), all whole\n")
        #expect(report.exit == .success)
    }

    @Test func `what is damaged is named, with what is wrong and how to get it again`() {
        #expect(
            text(damaged()) == """
                missing output/night/000001-a.png
                  fox of night
                damaged output/night/000002-b.png
                  hero of night
                  has 100 bytes instead of 200
                5 images checked (5 MiB): 1 missing, 1 damaged
                to fetch them again: nightjar verify --repair

                """)
        #expect(damaged().exit == .someFailed)
    }

    @Test func `a repair says what became of each`() {
        var report = damaged()
        report.findings[0].repair = .repaired(isOther: true)
        report.findings[1].repair = .gone("the API no longer knows the job `job-2`")
        #expect(
            text(report, repairs: true) == """
                repaired output/night/000001-a.png
                  fox of night
                  the API's file is another one than before; its SHA-256 is recorded now
                damaged output/night/000002-b.png
                  hero of night
                  has 100 bytes instead of 200
                  the API no longer knows the job `job-2`
                  to pay for another: nightjar retry night --job hero --resubmit
                5 images checked (5 MiB): 1 missing, 1 damaged, 1 repaired

                """)
        #expect(report.exit == .someFailed)
        report.findings[1].repair = .blank(path: ".nightjar/filtered/night/000002-b.png")
        #expect(report.exit == .success)
    }

    @Test func `JSON has the same`() throws {
        var report = damaged()
        report.findings[0].repair = .repaired(isOther: false)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(object["version"] as? Int == 1)
        #expect(object["checked"] as? Int == 5)
        #expect(object["left"] as? Int == 1)
        let damaged = try #require(object["damaged"] as? [[String: Any]])
        #expect(damaged.map { $0["problem"] as? String } == ["missing", "damaged"])
        #expect(damaged.map { $0["repaired"] as? Bool } == [true, false])
        #expect(damaged[1]["message"] as? String == "has 100 bytes instead of 200")
        #expect(damaged[1]["path"] as? String == "night/000002-b.png")
    }

    private func damaged() -> VerifyReport {
        var report = VerifyReport()
        report.checked = 5
        report.bytes = 5 << 20
        report.findings = [
            finding(1, "night/000001-a.png", "fox", .missing),
            finding(2, "night/000002-b.png", "hero", .damaged("has 100 bytes instead of 200")),
        ]
        return report
    }

    private func finding(
        _ index: Int, _ path: String, _ name: String, _ problem: VerifyReport.Finding.Problem
    ) -> VerifyReport.Finding {
        VerifyReport.Finding(
            batch: "night", name: name, key: RenderingSample.job(index).key, label: name, state: .done,
            file: RenderingSample.file(path), problem: problem)
    }

    private func text(_ report: VerifyReport, repairs: Bool = false) -> String {
        report.text(
            output: "output", advice: CommandAdvice(), batch: nil, repairs: repairs, style: RenderingSample.style)
    }
}
