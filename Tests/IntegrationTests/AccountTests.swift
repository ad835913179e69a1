import Foundation
import Testing

/// What an API says about the account, and answers that are lost.
struct AccountTests {
    @Test(arguments: [(402, Int32(12)), (403, Int32(13))])
    func `a refused submission stops the queue, and what runs comes home`(_ status: Int, _ code: Int32) async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission && request.earlier > 0 ? .error(status, "not today") : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest((1...20).map { "fern \($0)" })
                let run = try await bench.run(manifest, at: api.baseURL, "--concurrency", "2", "--rate", "50")
                #expect(run.exit == code, "\(run)")
                #expect(run.errors.contains("not today"), "\(run)")
                let batch = try await bench.batch()
                #expect(batch.done == 1)
                #expect(batch.pending == 19)
                #expect(api.submissions.count <= 3)
            }
        }
    }

    @Test(arguments: [["--quiet"], ["--progress", "none"], ["--quiet", "--progress", "json", "--log-format", "json"]])
    func `what stopped a run is on standard error even where little is to be told`(_ options: [String]) async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .error(401, "bad key") : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["fern"])
                let run = try await bench.start(["run", manifest, "--base-url", api.baseURL] + options).end()
                #expect(run.exit == 13, "\(run)")
                #expect(run.errors.contains("bad key"), "\(run)")
            }
        }
    }

    @Test func `a refused key sends no request more`() async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .error(401, "bad key") : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest((1...20).map { "fern \($0)" })
                let run = try await bench.run(manifest, at: api.baseURL, "--concurrency", "1", "--rate", "50")
                #expect(run.exit == 13, "\(run)")
                #expect(try await bench.batch().pending == 20)
                #expect(api.submissions.count == 1)
                #expect(api.requests.last?.isSubmission == true)
            }
        }
    }

    @Test(arguments: [401, 403])
    func `a key that is refused for a job sends no request more, and the job is not lost`(_ status: Int) async throws {
        try await FakeAPI.use { request, _ in
            request.isJob ? .error(status) : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let run = try await bench.run(manifest, at: api.baseURL, "--concurrency", "1")
                #expect(run.exit == 13, "\(run)")
                let batch = try await bench.batch()
                #expect(batch.submitted == 1)
                #expect(batch.pending == 2)
                #expect(api.requests.count { $0.isJob } == 1)
                #expect(api.requests.last?.isJob == true)
            }
        }
    }

    @Test func `a job whose answer was lost is held, by later runs too`() async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .hangUp : nil
        } _: { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                for _ in 1...2 {
                    let run = try await bench.run(
                        manifest, at: api.baseURL,
                        environment: ["NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "2s"])
                    #expect(run.exit == 9, "\(run)")
                    let job = try #require(try await bench.jobs().first)
                    #expect(job.state == "unknown")
                    #expect(job.error?.kind == "lost")
                    #expect(api.submissions.count == 1)
                }
            }
        }
    }

    @Test(arguments: [408, 409, 425, 499, 500, 502, 503, 504, 301, 200])
    func `an answer that does not say what became of the job holds it`(_ status: Int) async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission
                ? .json(status, #"{"status":"QUEUED"}"#, headers: ["Location": "/v1/jobs/images"]) : nil
        } _: { api in
            try await Workbench.use { bench in
                let run = try await bench.run(
                    try bench.manifest(["one"]), at: api.baseURL,
                    environment: [
                        "NIGHTJAR_TIMEOUT": "1s", "NIGHTJAR_SETTLE": "1s", "NIGHTJAR_UNKNOWN_WAIT": "2s",
                    ])
                #expect(run.exit == 9, "\(run)")
                #expect(try await bench.batch().unknown == 1)
                #expect(api.submissions.count == 1)
            }
        }
    }

    @Test(arguments: [400, 404, 413, 422])
    func `a request that the API will never accept fails for good`(_ status: Int) async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission ? .error(status, "too wide") : nil
        } _: { api in
            try await Workbench.use { bench in
                let run = try await bench.run(try bench.manifest(["one"]), at: api.baseURL)
                #expect(run.exit == 3, "\(run)")
                let job = try #require(try await bench.jobs().first)
                #expect(job.error?.kind == "rejected")
                #expect(job.error?.message.contains("too wide") == true)
                #expect(api.submissions.count == 1)
            }
        }
    }

    @Test func `a 429 burns no attempt and is waited for`() async throws {
        try await FakeAPI.use { request, _ in
            request.isSubmission && request.earlier == 0 ? .error(429, headers: ["Retry-After": "1"]) : nil
        } _: { api in
            try await Workbench.use { bench in
                let run = try await bench.run(
                    try bench.manifest(["one"], more: "retry: {attempts: 1}"), at: api.baseURL)
                #expect(run.exit == 0, "\(run)")
                let job = try #require(try await bench.jobs().first)
                #expect(job.attempts == 1)
                #expect(try await bench.batch().rate_limited == 1)
                let times = api.submissions.map(\.at)
                #expect(times.count == 2)
                #expect(times[1] - times[0] >= .seconds(1))
            }
        }
    }
}
