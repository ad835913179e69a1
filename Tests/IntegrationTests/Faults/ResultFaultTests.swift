import Foundation
import Testing

/// Every fault of a download that the server knows: what was sent, and what becomes of the job.
struct ResultFaultTests {
    /// What one download leads to.
    struct Case: Sendable, CustomTestStringConvertible {
        var kind: String
        var state = "done"
        var error: String?
        /// Requests of files, and looks at the job.
        var fetches = 2
        var looks: ClosedRange<Int> = 1...1

        var testDescription: String { kind }

        static func again(_ kind: String) -> Case { Case(kind: kind) }
        static func whole(_ kind: String, fetches: Int = 1) -> Case { Case(kind: kind, fetches: fetches) }
        /// The address is asked for anew.
        static func anew(_ kind: String) -> Case { Case(kind: kind, looks: 2...3) }
        static func failed(_ kind: String, _ error: String, fetches: Int = 1) -> Case {
            Case(kind: kind, state: "failed", error: error, fetches: fetches)
        }
    }

    static let cases: [Case] =
        ["ok", "jpeg", "chunked"].map { .whole($0) }
        + [.whole("redirects", fetches: 4), .whole("redirect_other_port", fetches: 2)]
        + ["truncated", "length_long", "length_short", "chunked_cut", "reset_middle", "close", "500", "429"].map {
            .again($0)
        } + ["html", "zero", "crc_error", "no_iend", "jpeg_no_eoi", "stall", "drip"].map { .again($0) }
        + ["403", "404", "410", "expired_403", "expired_404", "expired_410"].map { .anew($0) }
        + [
            .failed("wrong_dimensions", "wrong_size"), .failed("endless", "download"),
            .failed("redirect_private", "blocked_url"), .failed("redirect_link_local", "blocked_url"),
            .failed("redirect_loop", "download", fetches: 6),
            Case(kind: "blank", state: "filtered", fetches: 1),
        ]

    @Test(arguments: cases)
    func `what is sent decides what becomes of the job`(_ expected: Case) async throws {
        let settings = #"{"download_script": ["\#(expected.kind)"], "job_time": 0}"#
        try await Trial.use(settings, ["fern"]) { trial in
            let run = try await trial.run("--max-image-bytes", "1MiB")
            #expect(run.exit == (expected.state == "done" ? 0 : 3), "\(run)")
            try await trial.check()
            let job = try await trial.job("fern")
            #expect(job.state == expected.state, "\(job)")
            #expect(job.error?.kind == expected.error, "\(job)")
            let totals = try trial.server.ledger().totals
            #expect(totals.requests["download"] == expected.fetches)
            #expect(expected.looks.contains(totals.requests["get"] ?? 0))
            #expect(totals.submissions == 1)
            #expect(totals.keys_elsewhere == 0)
            let files = trial.bench.files("output").filter { $0.hasSuffix(".png") || $0.hasSuffix(".jpg") }
            switch expected.state {
            case "done": #expect(files == [job.path])
            case "filtered": #expect(files.allSatisfy { $0.hasPrefix(".nightjar/filtered/") } && files.count == 1)
            default: #expect(files.isEmpty)
            }
            #expect(!trial.bench.files("output").contains { $0.hasSuffix(".part") || $0.hasSuffix(".tmp") })
        }
    }

    @Test(arguments: [("html", "invalid_image"), ("zero", "invalid_image"), ("crc_error", "invalid_image")])
    func `what is never an image is fetched some times, then fails, and the bill stays at one`(
        _ kind: String, _ error: String
    ) async throws {
        try await Trial.use(#"{"download": "\#(kind)"}"#, ["fern"]) { trial in
            let run = try await trial.run()
            #expect(run.exit == 3, "\(run)")
            #expect(try await trial.job("fern").error?.kind == error)
            let totals = try trial.server.ledger().totals
            #expect((2...10).contains(totals.requests["download"] ?? 0))
            #expect(totals.submissions == 1)
            // Put right at the host, it is fetched under the old id.
            try trial.server.configure(#"{"download": "ok"}"#)
            #expect(try await trial.bench.nightjar("retry", "batch").exit == 0)
            let next = try await trial.run()
            #expect(next.exit == 0, "\(next)")
            #expect(trial.count(try await trial.check(), "done") == 1)
            #expect(try trial.server.ledger().totals.submissions == 1)
        }
    }

    // MARK: The folder

    @Test func `with less free than the floor nothing is submitted`() async throws {
        try await Trial.use("{}", prompts(3)) { trial in
            let run = try await trial.run("--min-free", "900000GiB")
            #expect(run.exit == 73, "\(run)")
            #expect(run.errors.contains("--min-free"), "\(run)")
            #expect(try trial.server.ledger().totals.submissions == 0)
        }
    }

    @Test func `an output folder that goes away ends the run with 73, and the next one goes on`() async throws {
        try await Trial.use(#"{"job": "held"}"#, prompts(6), more: "output: {path: \"out/${index}.${ext}\"}") { trial in
            let state = trial.bench.path("state.sqlite3")
            let run = try trial.start(["--concurrency", "3", "--state", state])
            try await eventually("three jobs at the API") {
                try trial.server.ledger().totals.accepted == 3 || !run.isRunning
            }
            try FileManager.default.removeItem(atPath: trial.bench.path("output"))
            try trial.server.configure(#"{"job": "ok"}"#)
            try trial.server.release()
            let ending = try await run.end()
            #expect(ending.exit == 73, "\(ending)")
            let posts = try trial.server.ledger().totals.submissions
            #expect(posts <= 6)
            let next = try await trial.bench.start(
                ["run", trial.manifest, "--base-url", trial.server.baseURL, "--state", state] + Trial.quick
            ).end()
            #expect(next.exit == 0, "\(next)")
            let totals = try trial.server.ledger().totals
            #expect(totals.accepted == 6)
            #expect(totals.billed == 6)
            let files = trial.bench.files("output").filter { $0.hasSuffix(".png") }
            #expect(files.count == 6, "\(files)")
        }
    }
}
