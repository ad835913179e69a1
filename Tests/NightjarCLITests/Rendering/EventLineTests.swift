import Foundation
import NightjarCLI
import NightjarCore
import Testing

struct EventLineTests {
    private static let counts = [
        "total", "pending", "submitting", "submitted", "ready", "unknown", "waiting", "done", "failed", "filtered",
        "cancelled", "images_per_second", "eta_seconds", "spent",
    ]
    private static let cause = FailureCause(.remoteFailed, "worker out of memory")

    @Test(
        "an event has exactly its fields",
        arguments: [
            (RunEvent.Kind.started(RenderingSample.progress([.pending: 4])), "started", counts),
            (.progress(RenderingSample.progress([.done: 4], rate: 0.5, eta: 8)), "progress", counts),
            (.submitted(RenderingSample.job(1), RemoteJobID("job-1")), "submitted", ["key", "index", "job_id"]),
            (.ready(RenderingSample.job(1), RemoteJobID("job-1")), "ready", ["key", "index", "job_id"]),
            (
                .done(RenderingSample.job(1), RenderingSample.file("a.png")), "done",
                ["key", "index", "path", "sha256", "bytes", "width", "height"]
            ),
            (
                .filtered(RenderingSample.job(1), RenderingSample.file("a")), "filtered",
                ["key", "index", "path", "sha256", "bytes", "width", "height"]
            ),
            (.failed(RenderingSample.job(1), cause), "failed", ["key", "index", "error"]),
            (.unknown(RenderingSample.job(1), cause), "unknown", ["key", "index", "error"]),
            (
                .waiting(RenderingSample.job(1), until: RenderingSample.start, cause), "waiting",
                ["key", "index", "until", "error"]
            ),
            (.gate(reason: nil, until: nil), "gate", ["reason", "until"]),
            (.finished(exit: 3, reason: "some failed"), "finished", ["exit", "reason"]),
        ])
    func fields(_ kind: RunEvent.Kind, name: String, expected: [String]) throws {
        let text = RenderingSample.event(kind).json.text
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(Set(object.keys) == Set(["time", "event", "batch"] + expected))
        #expect(object["event"] as? String == name)
        #expect(text.hasPrefix(#"{"time":"2026-03-01T02:04:05.000Z","event":"\#(name)","batch":"neon-cities","#))
    }

    @Test func `events read as they are documented`() {
        #expect(
            RenderingSample.event(
                .waiting(RenderingSample.job(3), until: RenderingSample.start + .seconds(4), Self.cause)
            ).json.text == """
                {"time":"2026-03-01T02:04:05.000Z","event":"waiting","batch":"neon-cities",\
                "key":"0123456789abcdef0000000000000003","index":3,"until":"2026-03-01T02:04:09.000Z",\
                "error":{"kind":"remote_failed","message":"worker out of memory"}}
                """)
        #expect(
            RenderingSample.event(.finished(exit: 130, reason: "interrupted"), batch: nil).json.text == """
                {"time":"2026-03-01T02:04:05.000Z","event":"finished","batch":null,"exit":130,"reason":"interrupted"}
                """)
        #expect(
            RenderingSample.event(
                .progress(
                    RenderingSample.progress([.done: 1, .pending: 2], rate: 0.25, eta: 8, spent: Money(micros: 20_000)))
            )
            .json.text == """
                {"time":"2026-03-01T02:04:05.000Z","event":"progress","batch":"neon-cities","total":3,"pending":2,\
                "submitting":0,"submitted":0,"ready":0,"unknown":0,"waiting":0,"done":1,"failed":0,"filtered":0,\
                "cancelled":0,"images_per_second":0.25,"eta_seconds":8,"spent":0.02}
                """)
    }
}
