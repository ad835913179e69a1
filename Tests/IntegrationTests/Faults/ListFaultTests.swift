import Foundation
import Testing

/// Lists that show too little, or the wrong thing: what they prove is used, what they do not prove is held.
struct ListFaultTests {
    /// One answer is lost with its job accepted, one without.
    private static let lost =
        #""post_by_prompt": {"lost": ["close_after"], "gone": ["close_before"]}, "job_time": 0.2"#

    /// - Parameters:
    ///   - held: What of `lost` and `gone` cannot be decided.
    ///   - words: What `why` says of it.
    private func holds(
        _ settings: String, others: Int = 12, _ held: Set<String>, _ words: String = "", _ options: String...,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        try await Trial.use("{\(Self.lost), \(settings)}", prompts(others) + ["lost one", "gone one"]) { trial in
            let run = try await trial.start(options).end()
            #expect(run.exit == (held.isEmpty ? 0 : 9), "\(settings): \(run)", sourceLocation: location)
            let jobs = try await trial.check(duplicates: 0, location)
            let unknown = Set(jobs.filter { $0.state == "unknown" }.map { String($0.prompt.prefix(4)) })
            #expect(unknown == held, "\(settings)", sourceLocation: location)
            #expect(trial.count(jobs, "done") == others + 2 - held.count, sourceLocation: location)
            let posts = try trial.server.ledger().totals.submissions
            #expect(posts == others + 2 + (held.contains("gone") ? 0 : 1), sourceLocation: location)
            guard let first = held.min() else { return }
            let why = try await trial.why(first)
            #expect(why.output.contains(words), "\(settings): \(why)", sourceLocation: location)
            #expect(why.output.contains("--adopt") && why.output.contains("--resubmit"), sourceLocation: location)
            let status = try await trial.bench.nightjar("status")
            #expect(status.output.contains("held in batch"), "\(status)", sourceLocation: location)
        }
    }

    @Test(arguments: ["honest", "paged", "overlap", "oldest_first"])
    func `an honest list decides, however it pages or is sorted`(_ kind: String) async throws {
        try await holds(#""list": "\#(kind)""#, others: 30, [])
    }

    @Test(arguments: [
        ("plain", "does not show whether it begins with the newest job"), ("cut", "list unproven"),
        ("repeats", "list unproven"), ("hides_ours", "misses our own"),
    ])
    func `a list that does not show enough adopts what it shows, and proves no absence`(
        _ kind: String, _ words: String
    ) async throws {
        try await holds(#""list": "\#(kind)""#, others: 30, ["gone"], words)
    }

    @Test func `a list in no order proves nothing`() async throws {
        try await holds(
            #""list": "unsorted""#, others: 30, ["gone"], "the API's list is in no order",
            "--rate", "12", "--settle", "5s")
    }

    @Test(arguments: [
        ("foreign", "misses our own"), ("empty", "misses our own"), ("empty+plain", "the API's list is empty"),
        ("500", "the API's list fails (the API answered 500"), ("garbage", "is unreadable"),
        ("close", "the API's list fails"), ("aged", "settling"),
    ])
    func `a list that shows nothing of ours decides nothing`(_ kind: String, _ words: String) async throws {
        try await holds(#""list": "\#(kind)""#, ["lost", "gone"], words)
    }

    @Test(arguments: ["fractional", "milliseconds", "text", "missing", "early"])
    func `times written in another way do not mislead`(_ kind: String) async throws {
        try await holds(#""created_at": "\#(kind)""#, [])
    }

    @Test(arguments: [
        #""clock_offset": 600"#, #""clock_offset": -600"#, #""clock_step": 30, "clock_step_after": 2"#,
        #""date": false"#,
    ])
    func `an API clock that is off, steps or is not told does not mislead`(_ setting: String) async throws {
        try await holds(setting, [])
    }

    @Test func `a list that lags behind holds until it has caught up`() async throws {
        try await holds(#""list_lag": 10"#, ["lost", "gone"], "misses our own")
    }

    @Test func `a list that lags behind decides when there is time`() async throws {
        let settings = "{\(Self.lost), \"list_lag\": 4}"
        try await Trial.use(settings, prompts(8) + ["lost one", "gone one"]) { trial in
            let run = try await trial.run("--unknown-wait", "60s", "--settle", "6s")
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 10)
        }
    }

    @Test func `an account that was never used and a list that says nothing hold the first job`() async throws {
        try await Trial.use(#"{"post": "close_before", "list": "empty+plain"}"#, ["one"]) { trial in
            let run = try await trial.run()
            #expect(run.exit == 9, "\(run)")
            #expect(try trial.server.ledger().totals.submissions == 1)
            #expect(try await trial.why("one").output.contains("the API's list is empty"))
        }
    }

    @Test func `where the API fails all along, the run ends with 69`() async throws {
        try await Trial.use(#"{"post": "close_before", "list": "500"}"#, prompts(3)) { trial in
            let run = try await trial.run("--give-up-after", "3s", "--unknown-wait", "20s")
            #expect(run.exit == 69, "\(run)")
            let jobs = try await trial.check()
            #expect(trial.count(jobs, "unknown") > 0)
            #expect(jobs.allSatisfy { $0.state == "unknown" || $0.state == "pending" })
        }
    }

    @Test func `what one run could not decide the next one does`() async throws {
        let settings = "{\(Self.lost), \"list\": \"500\"}"
        try await Trial.use(settings, prompts(6) + ["lost one", "gone one"]) { trial in
            #expect(try await trial.run().exit == 9)
            try trial.server.configure(#"{"list": "honest"}"#)
            let run = try await trial.run("--unknown-wait", "30s")
            #expect(run.exit == 0, "\(run)")
            #expect(trial.count(try await trial.check(), "done") == 8)
            #expect(try trial.server.ledger().totals.submissions == 9)
        }
    }
}
