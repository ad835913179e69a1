import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct JobsRendererTests {
    private let done = {
        var job = JobsRendererTests.job(.done)
        job.label = "hero"
        job.remoteID = RemoteJobID("job-1")
        job.file = RenderingSample.file("neon-cities/000012-x.png")
        return job
    }()

    @Test func `a line says where the file is, or what went wrong`() {
        #expect(line(done) == "done            12  hero      neon-cities/000012-x.png  A {futuristic} 未来 city")
        var failed = Self.job(.failed)
        failed.error = FailureCause(.remoteFailed, "out of\nmemory")
        #expect(line(failed) == "failed          12  01234567  remote_failed: out of memory  A {futuristic} 未来 city")
        #expect(line(Self.job(.pending)) == "pending         12  01234567  A {futuristic} 未来 city")
        var paused = Self.job(.pending)
        paused.isPaused = true
        #expect(line(paused) == "pending         12  01234567  paused  A {futuristic} 未来 city")
        #expect(JobsRenderer.json(paused).text.contains(#""paused":true,"unwanted":false"#))
        var unwanted = Self.job(.submitted)
        unwanted.isUnwanted = true
        #expect(line(unwanted) == "submitted       12  01234567  cancelled, comes home  A {futuristic} 未来 city")
        #expect(JobsRenderer.json(unwanted).text.contains(#""paused":false,"unwanted":true"#))
        #expect(line(done, namesBatch: true).hasPrefix("done            12  neon-cities  hero      "))
    }

    @Test func `a line is cut to the terminal, and harmless`() {
        var job = Self.job(.pending)
        job.request.prompt = "\u{1B}[2J\u{202E}" + String(repeating: "夜", count: 100)
        #expect(line(job, width: 40) == "pending         12  01234567  ␛[2J\u{FFFD}夜夜…")
        #expect(Cells.width(of: line(job)) < 110)
    }

    @Test func `JSON has exactly the fields that scripts read, in their order`() throws {
        let sha256 = String(repeating: "ab", count: 32)
        #expect(
            JobsRenderer.json(done).text == """
                {"batch":"neon-cities","key":"0123456789abcdef000000000000000c","index":12,"id":"hero","state":"done",\
                "removed":false,"paused":false,"unwanted":false,"prompt":"A {futuristic} 未来 city","model":"m","seed":42,"job_id":"job-1","attempts":1,\
                "path":"neon-cities/000012-x.png","sha256":"\(sha256)","bytes":1234567,"width":832,"height":1216,\
                "error":null,"created_at":"2026-03-01T02:04:05.000Z","updated_at":"2026-03-01T02:04:06.000Z"}
                """)
        var failed = Self.job(.failed)
        failed.error = FailureCause(.timeout, "too long")
        failed.request.seed = nil
        failed.isRemoved = true
        failed.request.parameters.height = nil
        let text = JobsRenderer.json(failed).text
        #expect(
            text == """
                {"batch":"neon-cities","key":"0123456789abcdef000000000000000c","index":12,"id":null,"state":"failed",\
                "removed":true,"paused":false,"unwanted":false,"prompt":"A {futuristic} 未来 city","model":"m","seed":null,"job_id":null,"attempts":1,"path":null,\
                "sha256":null,"bytes":null,"width":1024,"height":null,\
                "error":{"kind":"timeout","message":"too long"},"created_at":"2026-03-01T02:04:05.000Z",\
                "updated_at":"2026-03-01T02:04:06.000Z"}
                """)
        #expect(line(failed).contains("  not in the manifest  A {futur"))
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    private func line(_ job: JobSummary, namesBatch: Bool = false, width: Int? = nil) -> String {
        JobsRenderer(namesBatch: namesBatch, width: width, style: RenderingSample.style).line(job)
    }

    private static func job(_ state: JobState) -> JobSummary {
        let reference = RenderingSample.job(12)
        return JobSummary(
            id: JobID(1), batch: "neon-cities", key: reference.key, index: reference.index, label: nil, state: state,
            request: ImageRequest(
                prompt: "A {futuristic} 未来 city", parameters: .init(model: "m", width: 1024, height: 1024), seed: 42),
            remoteID: nil, attempts: 1, file: nil, error: nil, createdAt: RenderingSample.start,
            updatedAt: RenderingSample.start + .seconds(1), variables: nil, meta: nil)
    }
}
