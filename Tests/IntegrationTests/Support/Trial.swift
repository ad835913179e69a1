import Foundation
import Testing

/// One batch against one fault server, and what came of it.
struct Trial: Sendable {
    let bench: Workbench
    let server: FaultServer
    let manifest: String

    /// Short times, and as much at one time as the server takes.
    static let quick = [
        "--timeout", "1s", "--settle", "1s", "--unknown-wait", "3s", "--concurrency", "32", "--rate", "200",
        "--pilot", "0", "--min-free", "0",
    ]

    /// - Parameters:
    ///   - settings: Of the server, a JSON object.
    ///   - more: Further keys at the top of the manifest.
    static func use(
        _ settings: String, _ prompts: [String], more: String = "", seed: Int = 1,
        _ body: (Trial) async throws -> Void
    ) async throws {
        try await Workbench.use(waits: true) { bench in
            let server = try await bench.faultServer(settings, seed: seed)
            try await body(
                Trial(bench: bench, server: server, manifest: try bench.manifest(prompts, more: more)))
        }
    }

    /// Options given here beat the quick ones.
    func run(_ options: String...) async throws -> Ending {
        try await start(options).end()
    }

    func start(_ options: [String]) throws -> NightjarProcess {
        try bench.start(["run", manifest, "--base-url", server.baseURL] + Self.quick + options)
    }

    /// The job of a prompt that contains `text`.
    func job(_ text: String) async throws -> JobLine {
        try #require(try await bench.jobs().first { $0.prompt.contains(text) })
    }

    func why(_ text: String) async throws -> Ending {
        try await bench.nightjar("why", try await job(text).key)
    }

    /// Holds the ledger against the state and the files: every request is billed once at most, every image is of its own
    /// prompt, and what is billed is on disk or held.
    /// - Returns: The jobs.
    @discardableResult
    func check(
        duplicates: Int = 0, _ location: SourceLocation = #_sourceLocation
    ) async throws -> [JobLine] {
        let ledger = try server.ledger()
        let jobs = try await bench.jobs()
        #expect(ledger.totals.duplicates_accepted <= duplicates, sourceLocation: location)
        #expect(try await bench.batch().duplicates == ledger.totals.duplicates, sourceLocation: location)
        let theirs = Dictionary(ledger.jobs.map { ($0.id, $0) }) { first, _ in first }
        for job in jobs where job.state == "done" {
            let own = try #require(job.job_id.flatMap { theirs[$0] }, "\(job)", sourceLocation: location)
            #expect(own.prompt == job.prompt, sourceLocation: location)
            let image = FileManager.default.contents(atPath: bench.path("output/\(job.path ?? "")")) ?? Data()
            #expect(image.count == job.bytes, "\(job)", sourceLocation: location)
            // The image says of itself whose it is.
            #expect(image.range(of: Data(own.id.utf8)) != nil, "\(job) is another's", sourceLocation: location)
        }
        let used = Set(jobs.compactMap(\.job_id))
        let isSettled = jobs.allSatisfy { $0.state == "done" }
        for job in ledger.jobs where job.billed && isSettled && duplicates == 0 {
            #expect(used.contains(job.id), "\(job) was paid for and is nobody's", sourceLocation: location)
        }
        return jobs
    }

    func count(_ jobs: [JobLine], _ state: String) -> Int {
        jobs.count { $0.state == state }
    }
}

/// `count` prompts that begin with `word`.
func prompts(_ count: Int, _ word: String = "fern") -> [String] {
    (0..<count).map { "\(word) number \($0)" }
}
