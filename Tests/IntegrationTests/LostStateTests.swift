import Foundation
import Glibc
import Testing

/// A state that is lost, or is not the one that knows the images: nothing is paid for again without a word.
@Suite(.timeLimit(.minutes(10)))
struct LostStateTests {
    enum Loss: CaseIterable, Sendable { case fileIsGone, allIsGone, otherState, otherBatchInIt }

    @Test(arguments: Loss.allCases)
    func `images that the state does not know are not paid for again`(_ loss: Loss) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two", "three"])
                let first = try await bench.run(manifest, at: api.baseURL)
                #expect(first.exit == 0, "\(first)")
                let described = try bench.read("output/batch/metadata.jsonl")
                var options: [String] = []
                switch loss {
                case .fileIsGone:
                    try FileManager.default.moveItem(
                        atPath: bench.path("output/.nightjar/state.sqlite3"), toPath: bench.path("kept"))
                case .allIsGone:
                    try FileManager.default.moveItem(
                        atPath: bench.path("output/.nightjar"), toPath: bench.path("kept"))
                case .otherState, .otherBatchInIt: options = ["--state", "other/s.sqlite3"]
                }
                if loss == .otherBatchInIt {
                    let other = try bench.manifest(["four"], name: "other")
                    let run = try await bench.start(["run", other, "--base-url", api.baseURL] + options).end()
                    #expect(run.exit == 0, "\(run)")
                }
                let paid = api.submissions.count
                for _ in 1...2 {
                    let run = try await bench.start(["run", manifest, "--base-url", api.baseURL] + options).end()
                    #expect(run.exit == 78, "\(run)")
                    for words in ["`output/batch/metadata.jsonl` describes 3 images", "--state", "--output"] {
                        #expect(run.errors.contains(words), "\(run)")
                    }
                }
                #expect(api.submissions.count == paid)
                #expect(try bench.read("output/batch/metadata.jsonl") == described)

                // Each way out that the message names.
                switch loss {
                case .fileIsGone:
                    try FileManager.default.removeItem(atPath: bench.path("output/.nightjar/state.sqlite3"))
                    try FileManager.default.moveItem(
                        atPath: bench.path("kept"), toPath: bench.path("output/.nightjar/state.sqlite3"))
                case .allIsGone: options = ["--state", "kept/state.sqlite3"]
                case .otherState: options += ["--output", "elsewhere"]
                case .otherBatchInIt:
                    try FileManager.default.moveItem(
                        atPath: bench.path("output/batch"), toPath: bench.path("old"))
                }
                let again = try await bench.start(["run", manifest, "--base-url", api.baseURL] + options).end()
                #expect(again.exit == 0, "\(again)")
                let isAnew = loss == .otherState || loss == .otherBatchInIt
                #expect(api.submissions.count == paid + (isAnew ? 3 : 0))
            }
        }
    }

    @Test func `with several manifests nothing is taken in, and every one is named`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifests = try ["a", "b", "c"].map { try bench.manifest(["of \($0)"], name: $0) }
                let first = try await bench.start(["run"] + manifests[1...] + ["--base-url", api.baseURL]).end()
                #expect(first.exit == 0, "\(first)")
                let run = try await bench.start(
                    ["run"] + manifests + ["--base-url", api.baseURL, "--state", "new.sqlite3", "--max-jobs", "0"]
                ).end()
                #expect(run.exit == 78, "\(run)")
                for name in ["b", "c"] {
                    #expect(run.errors.contains("`output/\(name)/metadata.jsonl` describes 1 image "), "\(run)")
                }
                #expect(api.submissions.count == 2)
                #expect(try await bench.jobs("output", "--state", "new.sqlite3").isEmpty)
            }
        }
    }

    @Test func `a rehearsal whose state is lost is refused too, and binds no state to it`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                #expect(try await bench.run(manifest, at: api.baseURL).exit == 0)
                try FileManager.default.removeItem(atPath: bench.path("output/.nightjar"))
                let rehearsal = try await bench.nightjar("run", "--rehearse", manifest, "--output", "output")
                #expect(rehearsal.exit == 78, "\(rehearsal)")
                try FileManager.default.moveItem(atPath: bench.path("output/batch"), toPath: bench.path("old"))
                let run = try await bench.run(manifest, at: api.baseURL)
                #expect(run.exit == 0, "\(run)")
            }
        }
    }

    @Test func `the file beside a person's own is found too`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one"])
                try bench.write("{\"file_name\":\"mine.png\"}\n", to: "output/batch/metadata.jsonl")
                #expect(try await bench.run(manifest, at: api.baseURL).exit == 0)
                let run = try await bench.run(manifest, at: api.baseURL, "--state", "new.sqlite3")
                #expect(run.exit == 78, "\(run)")
                #expect(run.errors.contains("`output/batch/metadata-2.jsonl` describes 1 image "), "\(run)")
                #expect(api.submissions.count == 1)
            }
        }
    }

    @Test func `of a long file only the beginning is read`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let line = #"{"file_name":"a.png","key":"\#(String(repeating: "ab", count: 16))","job_id":"j"}"#
                try bench.write(
                    "\(line)\n" + String(repeating: " ", count: 3 << 20) + "\n\(line)\n",
                    to: "output/batch/metadata.jsonl")
                let run = try await bench.run(try bench.manifest(["one"]), at: api.baseURL)
                #expect(run.exit == 78, "\(run)")
                #expect(run.errors.contains("describes at least 1 image "), "\(run)")
            }
        }
    }

    enum Foreign: CaseIterable, Sendable {
        case otherFields, otherTypes, noKey, noObject, empty, oneLongLine, binary, link, pipe, folder
    }

    @Test(arguments: Foreign.allCases)
    func `a file of that name that Nightjar did not write is no obstacle`(_ foreign: Foreign) async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let name = "output/batch/metadata.jsonl"
                let key = String(repeating: "ab", count: 16)
                let own = #"{"file_name":"a.png","job_id":"j","key":"\#(key)"}"#
                func write(_ text: String) throws { try bench.write(text, to: name) }
                switch foreign {
                case .otherFields: try write(#"{"file_name":"a.png","text":"mine"}"#)
                case .otherTypes: try write(#"{"file_name":"a.png","job_id":7,"key":"\#(key)"}"#)
                case .noKey: try write(#"{"file_name":"a.png","job_id":"j","key":"C major"}"#)
                case .noObject: try write("[1]\n\(own.dropFirst())\nnull\n\"key\"\n")
                case .empty: try write("")
                case .oneLongLine: try write(#"{"job_id":"j","key":""# + String(repeating: "a", count: 3 << 20) + "\"}")
                case .binary:
                    try write("")
                    try Data([0, 0xFF, 0x0A, 0xC3, 0x28, 0x0A, 0x80]).write(to: URL(filePath: bench.path(name)))
                case .link:
                    try bench.write("\(own)\n", to: "mine.jsonl")
                    try bench.write("", to: "output/batch/x")
                    try FileManager.default.createSymbolicLink(
                        atPath: bench.path(name), withDestinationPath: bench.path("mine.jsonl"))
                case .pipe:
                    try bench.write("", to: "output/batch/x")
                    #expect(mkfifo(bench.path(name), 0o600) == 0)
                case .folder: try bench.write("\(own)\n", to: name + "/x")
                }
                let run = try await bench.run(try bench.manifest(["one"]), at: api.baseURL)
                #expect(run.exit == 0, "\(run)")
                #expect(try bench.read("output/batch/metadata-2.jsonl").contains("job-1"))
            }
        }
    }

    @Test func `a batch that the state knows goes on, whatever is described`() async throws {
        try await FakeAPI.use { api in
            try await Workbench.use { bench in
                let manifest = try bench.manifest(["one", "two"])
                #expect(try await bench.run(manifest, at: api.baseURL, "--max-jobs", "1").exit == 8)
                let more = try bench.manifest(["one", "two", "three"])
                let run = try await bench.run(more, at: api.baseURL)
                #expect(run.exit == 0, "\(run)")
                #expect(api.submissions.count == 3)
            }
        }
    }
}
