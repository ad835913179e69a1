import Foundation
import Testing

struct RehearsalTests {
    private static let noKey: [String: String?] = [
        "SERIKA_API_KEY": nil, "NIGHTJAR_SETTLE": "2s", "NIGHTJAR_TIMEOUT": "2s",
    ]

    private func rehearse(_ bench: Workbench, _ manifest: String) throws -> NightjarProcess {
        try bench.start("run", "--rehearse", manifest, environment: Self.noKey)
    }

    private func images(_ bench: Workbench) -> [String] {
        bench.files("rehearsal").filter { $0.hasPrefix("batch/") && $0.hasSuffix(".png") }
    }

    @Test func `a rehearsal needs no key, and a second one makes nothing anew`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest(["one", "two", "three"])
            let first = try await rehearse(bench, manifest).end()
            #expect(first.exit == 0, "\(first)")
            #expect(images(bench).count == 3)
            #expect(bench.files("output").isEmpty)
            let stamps = try await bench.shell("stat -c '%n %i %Y' rehearsal/batch/*.png")
            let before = try await bench.batch("rehearsal")
            let second = try await rehearse(bench, manifest).end()
            #expect(second.exit == 0, "\(second)")
            #expect(try await bench.shell("stat -c '%n %i %Y' rehearsal/batch/*.png").output == stamps.output)
            #expect(try await bench.batch("rehearsal").requests == before.requests)
        }
    }

    @Test func `a rehearsal that is killed is completed by the next`() async throws {
        try await Workbench.use { bench in
            let manifest = try bench.manifest((1...12).map { "hill \($0)" })
            let run = try rehearse(bench, manifest)
            try await eventually("images") { self.images(bench).count >= 3 }
            try await run.killed()
            let next = try await rehearse(bench, manifest).end()
            let batch = try await bench.batch("rehearsal")
            #expect(batch.done + batch.unknown == 12)
            #expect(next.exit == (batch.unknown == 0 ? 0 : 9), "\(next)")
            #expect(images(bench).count == batch.done)
        }
    }
}
