import Foundation
import Testing

/// Files that stand in the way.
struct OutputTreeTests {
    @Test func `a file of the user's is not overwritten, and no link is followed`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            try bench.write("mine", to: "output/batch/0.png")
            try bench.write("outside", to: "outside.png")
            let files = FileManager.default
            try files.createSymbolicLink(
                atPath: bench.path("output/batch/1.png"), withDestinationPath: bench.path("outside.png"))
            try files.createSymbolicLink(
                atPath: bench.path("output/batch/2.png"), withDestinationPath: bench.path("nowhere.png"))
            try files.createDirectory(atPath: bench.path("output/batch/3.png"), withIntermediateDirectories: true)
            let manifest = try bench.manifest(
                ["one", "two", "three", "four", "five"], more: #"output: {path: "${batch}/${index}.${ext}"}"#)
            let run = try await bench.run(manifest, at: server.baseURL)
            #expect(run.exit == 0, "\(run)")
            let paths = try await bench.jobs().map(\.path)
            #expect(paths == ["batch/0-2.png", "batch/1-2.png", "batch/2-2.png", "batch/3-2.png", "batch/4.png"])
            #expect(try bench.read("output/batch/0.png") == "mine")
            #expect(try bench.read("outside.png") == "outside")
            #expect(!files.fileExists(atPath: bench.path("nowhere.png")))
        }
    }

    @Test func `a link in place of a folder is not followed`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server()
            try bench.write("keep", to: "elsewhere/keep")
            try bench.write("keep", to: "output/keep")
            try FileManager.default.createSymbolicLink(
                atPath: bench.path("output/batch"), withDestinationPath: bench.path("elsewhere"))
            let run = try await bench.run(try bench.manifest(["one"]), at: server.baseURL)
            #expect(run.exit == 73, "\(run)")
            #expect(bench.files("elsewhere") == ["keep"])
            try FileManager.default.removeItem(atPath: bench.path("output/batch"))
            let next = try await bench.run(try bench.manifest(["one"]), at: server.baseURL)
            #expect(next.exit == 0, "\(next)")
            #expect(try server.ledger().jobs <= 1, "what was paid for is fetched")
        }
    }
}
