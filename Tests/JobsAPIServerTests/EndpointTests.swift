import Foundation
import JobsAPI
import NightjarTestSupport
import Pictures
import Testing

@testable import JobsAPIServer

struct EndpointTests {
    private let folder: TemporaryFolder
    private let settings: ServerSettings

    init() throws {
        folder = try TemporaryFolder()
        settings = ServerSettings(stateFile: folder.path("serve/queue.sqlite3"))
    }

    @Test func `a job is queued, made and delivered`() async throws {
        try await withServer(settings) { server in
            let id = try await server.submit("a fox asleep under fresh snow", seed: 42)
            #expect(id.wholeMatch(of: /job-[a-z0-9]{12}/) != nil)
            let job = try await server.ended(id)
            #expect(job.status == .completed)
            #expect(abs((job.createdAt ?? 0) - Date().timeIntervalSince1970) < 60)
            let result = try #require(job.result)
            #expect(result.width == 64)
            #expect(result.height == 64)
            #expect(result.seed == 42)
            let start = "http://127.0.0.1:\(server.probe.port)"
            #expect(result.url.hasPrefix("\(start)/api/cdn/images/"))
            let path = String(result.url.dropFirst(start.count))
            let image = try await server.probe.send("GET", path)
            #expect(image.status == 200)
            #expect(image.headers["content-type"] == "image/png")
            #expect(image.headers["content-length"] == String(image.body.count))
            #expect(try Canvas(decoding: image.body).size == PixelSize(width: 64, height: 64))
            let tag = try #require(image.headers["etag"])
            let again = try await server.probe.send("GET", path, headers: ["If-None-Match": tag])
            #expect(again.status == 304)
            #expect(again.body.isEmpty)
            let head = try await server.probe.send("HEAD", path)
            #expect(head.headers["content-length"] == String(image.body.count))
            #expect(head.body.isEmpty)
        }
    }

    @Test func `the address of a result is the one that the client used`() async throws {
        try await withServer(settings) { server in
            let id = try await server.submit("hills")
            _ = try await server.ended(id)
            let path = RunningServer.base + JobsAPIPath.job(id)
            let reply = try await server.probe.send(
                "GET", path, headers: ["Host": "images.example:8443", "X-Forwarded-Proto": "https"])
            let job = try WireJSON.decode(JobReply.self, from: Data(reply.body))
            #expect(job.result?.url.hasPrefix("https://images.example:8443/api/cdn/images/") == true)
        }
    }

    @Test func `without a seed the server draws one, and defaults are 1024 by 1024`() async throws {
        let renderer = ScriptedRenderer { job in
            RenderedImage(bytes: [1], width: job.width, height: job.height, mediaType: "image/webp")
        }
        try await withServer(settings, renderer: renderer) { server in
            let reply = try await server.call(
                "POST", JobsAPIPath.submit, body: #"{"model":"m","prompt":"p","seed":null,"extra":[1]}"#)
            let id = try WireJSON.decode(SubmitReply.self, from: Data(reply.body)).id
            let result = try #require(try await server.ended(id).result)
            #expect(result.width == 1024)
            #expect(result.height == 1024)
            #expect(result.seed != nil)
            #expect(result.url.hasSuffix(".webp"))
        }
    }

    @Test func `jobs are listed newest first, page by page`() async throws {
        try await withServer(settings) { server in
            var ids: [String] = []
            for number in 0..<25 { ids.insert(try await server.submit("\(number)"), at: 0) }
            let first = try await server.list()
            #expect(first.jobs.map(\.id) == Array(ids.prefix(20)))
            #expect(first.jobs.allSatisfy { $0.model == "m" && $0.createdAt != nil && $0.result == nil })
            #expect(first.hasMore == true)
            let second = try await server.list("?after=\(ids[19])")
            #expect(second.jobs.map(\.id) == Array(ids.suffix(5)))
            #expect(second.hasMore == false)
            let whole = try await server.list("?limit=1000")
            #expect(whole.jobs.map(\.id) == ids)
            #expect(whole.hasMore == false)
            #expect(try await server.list("?limit=25").hasMore == false)
            #expect(try await server.list("?limit=24").hasMore == true)
        }
    }

    @Test(arguments: ["?limit=0", "?limit=1001", "?limit=ten", "?limit=", "?after=job-nobody"])
    func `a page that cannot be is refused`(query: String) async throws {
        try await withServer(settings) { server in
            let reply = try await server.call("GET", "/jobs\(query)")
            #expect(reply.status == 400)
            #expect(reply.errorCode == "invalid_value")
        }
    }

    @Test func `the known models are listed with their mark`() async throws {
        try await withServer(settings) { server in
            let reply = try await server.call("GET", "/models")
            let models = try WireJSON.decode(ModelsReply.self, from: Data(reply.body))
            #expect(models.object == "list")
            #expect(models.data.contains { $0.id == "tensorart-illustrious-xl-v2-aesthetic" && $0.jobs })
        }
    }

    @Test func `a job of the failing model fails, and says why`() async throws {
        try await withServer(settings) { server in
            let job = try await server.ended(try await server.submit("p", model: "test/fail"))
            #expect(job.status == .failed)
            #expect(job.error?.message == "the model refused")
            #expect(job.result == nil)
        }
    }

    @Test func `a job whose renderer throws fails with its words`() async throws {
        struct Broken: Error, CustomStringConvertible { var description: String { "no memory for this" } }
        try await withServer(settings, renderer: ScriptedRenderer { _ in throw Broken() }) { server in
            let job = try await server.ended(try await server.submit("p"))
            #expect(job.status == .failed)
            #expect(job.error?.message == "no memory for this")
        }
    }

    @Test(arguments: [
        ("GET", "/", 404, "unknown_route"), ("GET", "/api/openai/v1", 404, "unknown_route"),
        ("GET", "/api/openai/v1/jobs/", 404, "unknown_route"), ("GET", "/api/openai/v1/jobs/a/b", 404, "unknown_route"),
        ("GET", "/api/openai/v1/jobs/%zz", 404, "unknown_route"), ("GET", "/api/openai/v2/jobs", 404, "unknown_route"),
        ("GET", "/api/openai/v1/jobs/job-nobody", 404, "job_not_found"),
        ("GET", "/api/openai/v1/jobs/a%2Fb", 404, "job_not_found"),
        ("DELETE", "/api/openai/v1/jobs", 405, "method_not_allowed"),
        ("POST", "/api/openai/v1/models", 405, "method_not_allowed"),
        ("PUT", "/api/openai/v1/jobs/images", 405, "method_not_allowed"),
        ("GET", "/api/cdn/images/../queue.sqlite3", 404, "image_not_found"),
        ("GET", "/api/cdn/images/%2e%2e%2fqueue.sqlite3", 404, "image_not_found"),
        ("GET", "/api/cdn/images/00000000000000000000000000000000.png", 404, "image_not_found"),
        ("POST", "/api/cdn/images/x.png", 405, "method_not_allowed"), ("POST", "/ledger", 405, "method_not_allowed"),
    ])
    func `what is not there is said in JSON`(method: String, path: String, status: Int, code: String) async throws {
        try await withServer(settings) { server in
            let reply = try await server.probe.send(method, path)
            #expect(reply.status == status)
            #expect(reply.errorCode == code)
            #expect(reply.headers["content-type"] == "application/json")
            #expect((reply.headers["allow"] != nil) == (status == 405))
        }
    }

    @Test func `every reply carries the server's time`() async throws {
        try await withServer(settings) { server in
            for path in ["/jobs", "/nothing"] {
                let reply = try await server.call("GET", path)
                #expect(reply.headers["date"] != nil)
            }
        }
    }
}
