import Foundation
import Testing

/// Results that are not what they should be.
struct DownloadTests {
    private func outcome(
        _ script: @escaping FakeAPI.Script, _ check: (Ending, JobLine, Workbench, FakeAPI) async throws -> Void
    ) async throws {
        try await FakeAPI.use(script) { api in
            try await Workbench.use { bench in
                let run = try await bench.run(try bench.manifest(["one"]), at: api.baseURL)
                let job = try #require(try await bench.jobs().first)
                try await check(run, job, bench, api)
                #expect(api.submissions.count == 1, "an image that was paid for is never paid for again")
            }
        }
    }

    @Test func `an image of another size than reported fails as wrong_size`() async throws {
        try await outcome { request, api in
            request.isJob ? api.completed(request.name, width: 128, height: 64) : nil
        } _: { run, job, bench, _ in
            #expect(run.exit == 3, "\(run)")
            #expect(job.error?.kind == "wrong_size")
            #expect(!bench.files("output").contains { $0.hasSuffix(".png") })
        }
    }

    @Test func `a body that breaks off is fetched again, whole`() async throws {
        try await outcome { request, _ in
            guard request.isImage, request.earlier == 0 else { return nil }
            return .cut(FakeAPI.picture.prefix(100), of: FakeAPI.picture.count)
        } _: { run, job, bench, api in
            #expect(run.exit == 0, "\(run)")
            #expect(job.bytes == FakeAPI.picture.count)
            let file = bench.path("output/\(job.path ?? "")")
            #expect(FileManager.default.contents(atPath: file) == FakeAPI.picture)
            #expect(api.requests.count { $0.isImage } == 2)
        }
    }

    @Test func `an image cut short under a true length is fetched again`() async throws {
        try await outcome { request, _ in
            request.isImage && request.earlier == 0 ? .bytes(200, FakeAPI.picture.prefix(100)) : nil
        } _: { run, job, _, _ in
            #expect(run.exit == 0, "\(run)")
            #expect(job.bytes == FakeAPI.picture.count)
        }
    }

    @Test(arguments: [403, 404, 410])
    func `an address that has expired is asked for anew`(_ status: Int) async throws {
        try await outcome { request, api in
            if request.isJob, request.earlier == 0 {
                return api.completed("job-1", url: "\(api.origin)/images/old.png")
            }
            return request.name == "old.png" ? .error(status) : nil
        } _: { run, job, _, api in
            #expect(run.exit == 0, "\(run)")
            #expect(job.state == "done")
            #expect(api.requests.contains { $0.path == "/images/job-1.png" })
        }
    }

    @Test(arguments: [500, 503, 429])
    func `a host that is busy is asked again`(_ status: Int) async throws {
        try await outcome { request, _ in
            request.isImage && request.earlier == 0 ? .error(status, headers: ["Retry-After": "1"]) : nil
        } _: { run, job, _, _ in
            #expect(run.exit == 0, "\(run)")
            #expect(job.state == "done")
        }
    }

    @Test func `the key goes to the API's origin only, redirects included`() async throws {
        try await FakeAPI.use { other in
            try await outcome { request, api in
                switch (request.isJob, request.name) {
                case (true, _): api.completed(request.name, url: "\(api.origin)/images/here.png")
                case (_, "here.png"): .bytes(302, Data(), headers: ["Location": "\(other.origin)/images/there.png"])
                default: nil
                }
            } _: { run, _, _, api in
                #expect(run.exit == 0, "\(run)")
                #expect(api.requests.filter(\.isImage).allSatisfy { $0.headers["authorization"] != nil })
                #expect(other.requests.map(\.path) == ["/images/there.png"])
                #expect(other.requests.allSatisfy { $0.headers["authorization"] == nil })
            }
        }
    }

    @Test(arguments: [
        "file:///etc/passwd", "ftp://127.0.0.1/x", "http://10.1.2.3/x", "http://169.254.169.254/latest",
        "http://[::1]/x",
        "http://localhost:1/x", "http://2130706433/x", "http://[fd00::1]/x",
    ])
    func `a result on a private host or of another scheme is blocked`(_ url: String) async throws {
        try await outcome { request, api in
            request.isJob ? api.completed(request.name, url: url) : nil
        } _: {
            run, job, _, _ in
            #expect(run.exit == 3, "\(run)")
            #expect(job.error?.kind == "blocked_url", "\(job)")
        }
    }

    @Test func `redirects without end fail the job as a download`() async throws {
        try await outcome { request, _ in
            request.isImage ? .bytes(302, Data(), headers: ["Location": request.path + "x"]) : nil
        } _: { run, job, _, api in
            #expect(run.exit == 3, "\(run)")
            #expect(job.error?.kind == "download")
            #expect(api.requests.count { $0.isImage } <= 36)
        }
    }

    @Test func `an image larger than the limit is not kept`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let run = try await bench.run(
                    try bench.manifest(["one"]), at: api.baseURL, "--max-image-bytes", "100B")
                #expect(run.exit == 3, "\(run)")
                #expect(try await bench.jobs().first?.error?.kind == "download")
                #expect(!bench.files("output").contains { $0.hasSuffix(".png") })
            }
        }
    }
}
