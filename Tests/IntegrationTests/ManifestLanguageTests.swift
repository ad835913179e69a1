import Foundation
import Testing

/// The manifest language from the command line, against a real server.
struct ManifestLanguageTests {
    private static let head = "version: 1\nname: batch\ndefaults: {model: m, width: 64, height: 64}\n"

    @Test func `a matrix with lists, wildcards and variables in paths is made, and nothing twice`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            try bench.write("fox\nrobot\n", to: "subjects.txt")
            try bench.write("dusk\nfog\n", to: "wildcards/light.txt")
            try bench.write("{\"prompt\":\"a mole, ${style}\",\"mood\":\"calm\",\"seed\":5}\n", to: "more.jsonl")
            let manifest = try bench.write(
                Self.head + """
                    matrix: {style: [ink, "oil/wax"], subject: {file: subjects.txt}}
                    exclude: [{style: ink, subject: robot}]
                    prompts: ["${subject} in ${style}, __light__"]
                    prompts_from: {file: more.jsonl}
                    output: {path: "${batch}/${style}/${index:03}-${slug}.${ext}", sidecar: [json]}
                    """, to: "grid.yaml")
            let run = try await bench.run(manifest, at: server.baseURL, "--rate", "200")
            #expect(run.exit == 0, "\(run)")
            let jobs = try await bench.jobs()
            #expect(jobs.count == 9)
            #expect(jobs.contains { $0.path == "batch/oil_wax/002-fox-in-oil-wax-dusk.png" }, "\(jobs.map(\.path))")
            #expect(
                try bench.read("output/batch/metadata.jsonl").contains(#""variables":{"style":"ink","subject":"fox"}"#))
            let again = try await bench.run(manifest, at: server.baseURL, "--rate", "200")
            #expect(again.exit == 0)
            #expect(try server.ledger().requests.submit == 9)
        }
    }

    @Test func `reordering ten thousand prompts changes no key, and a run submits just what was inserted`() async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            func write(_ prompts: [String]) throws -> String {
                try bench.write(
                    Self.head + "prompts:\n" + prompts.map { "  - \"\($0)\"\n" }.joined(), to: "big.yaml")
            }
            let prompts = (0..<10_000).map { "a quiet harbour, view \($0)" }
            let limited = ["--max-jobs", "0", "--rate", "200"]
            #expect(try await bench.run(try write(prompts), at: server.baseURL, limited[0], limited[1]).exit == 8)
            let before = try await bench.jobs()
            #expect(before.count == 10_000)
            #expect(
                try await bench.run(try write(prompts.reversed()), at: server.baseURL, limited[0], limited[1]).exit == 8
            )
            let reordered = try await bench.jobs()
            #expect(reordered.map(\.key) == before.map(\.key))
            #expect(reordered.map(\.seed) == before.map(\.seed))
            #expect(reordered.allSatisfy { $0.state == "pending" })

            // Three in the middle: three keys more, and everything else as it was.
            let inserted = prompts[..<5000] + ["new one", "new two", "new three"] + prompts[5000...]
            #expect(
                try await bench.run(try write(Array(inserted)), at: server.baseURL, limited[0], limited[1]).exit == 8)
            let after = try await bench.jobs()
            #expect(Array(after.prefix(10_000)) == reordered)
            #expect(after.suffix(3).map(\.prompt) == ["new one", "new two", "new three"])
        }
    }

    @Test func `a run after an edit in the middle submits exactly what is new`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            let prompts = (0..<60).map { "harbour \($0)" }
            #expect(try await bench.run(try bench.manifest(prompts), at: server.baseURL, "--rate", "500").exit == 0)
            let edited = prompts[..<30].reversed() + ["new one"] + prompts[30...]
            #expect(
                try await bench.run(try bench.manifest(Array(edited)), at: server.baseURL, "--rate", "500").exit == 0)
            #expect(try server.ledger().requests.submit == 61)
        }
    }

    @Test func `an edit that is made anew keeps the old images, and one that is taken back pays for nothing`()
        async throws
    {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            func write(_ word: String) throws -> String {
                let lines = (0..<6).map { "  - {id: p\($0), prompt: \(word) \($0)}\n" }
                return try bench.write(Self.head + "prompts:\n" + lines.joined(), to: "batch.yaml")
            }
            func run(_ word: String, _ options: String...) async throws -> Ending {
                try await bench.start(
                    ["run", try write(word), "--base-url", server.baseURL, "--rate", "200", "--pilot", "0"] + options
                ).end()
            }
            struct Described: Decodable, Hashable {
                var file_name: String
                var prompt: String
                var sha256: String
                var job_id: String
                var created_at: String
            }
            func described() throws -> Set<Described> {
                let lines = try bench.read("output/batch/metadata.jsonl").split(separator: "\n")
                return try Set(lines.map { try JSONDecoder().decode(Described.self, from: Data($0.utf8)) })
            }
            #expect(try await run("old").exit == 0)
            let old = try described()
            #expect(old.count == 6)

            // Two are made anew, then no more for now: what is known of the old ones stays, of all of them.
            let part = try await run("new", "--changed", "redo", "--max-jobs", "2")
            #expect(part.exit == 8, "\(part)")
            #expect(part.errors.contains("6 changed under the same id, made anew beside the old files"), "\(part)")
            #expect(try server.ledger().requests.submit == 8)
            // What is not paid for takes the next text, which is said.
            let edited = try await run("newest", "--max-jobs", "0")
            #expect(edited.errors.contains("4 changed before they were paid for"), "\(edited)")
            #expect(edited.errors.contains("2 changed under the same id, kept as they are"), "\(edited)")
            _ = try await run("new", "--max-jobs", "0")
            let mixed = try described()
            #expect(mixed.count == 8)
            #expect(old.isSubset(of: mixed))
            for line in mixed {
                #expect(FileManager.default.fileExists(atPath: bench.path("output/batch/\(line.file_name)")))
            }
            #expect(try await bench.nightjar("verify").exit == 0)

            // The edit is taken back.
            let plan = try await bench.start(["plan", try write("old"), "--base-url", server.baseURL]).end()
            #expect(plan.output.contains("6 as they were made once: taken back"), "\(plan)")
            #expect(plan.output.contains("to submit  nothing\n"), "\(plan)")
            let back = try await run("old")
            #expect(back.exit == 0, "\(back)")
            #expect(back.errors.contains("6 as they were made once, and that is taken back"), "\(back)")
            #expect(try server.ledger().requests.submit == 8)
            let jobs = try await bench.jobs()
            #expect(jobs.prefix(6).map(\.prompt) == (0..<6).map { "old \($0)" })
            #expect(jobs.prefix(6).allSatisfy { $0.state == "done" && $0.removed == false })
            #expect(jobs.dropFirst(6).filter { $0.state == "done" }.count == 2)
            #expect(jobs.dropFirst(6).allSatisfy { $0.removed })
            #expect(try described() == mixed)

            // And once more there: four are left to pay for.
            #expect(try await run("new", "--changed", "redo").exit == 0)
            #expect(try server.ledger().requests.submit == 12)
            let why = try await bench.nightjar("why", "p0")
            #expect(why.output.contains("made for it by another request"), "\(why)")
        }
    }

    @Test func `a manifest comes through standard input, and its mistakes point into it`() async throws {
        try await Workbench.use { bench in
            let server = try await bench.server("--workers", "4")
            try bench.write(Self.head + "prompts: [\"a {red|blue} fox\"]\n", to: "in.yaml")
            try bench.write(Self.head + "prompts: [\"a {red|blue fox\"]\n", to: "bad.yaml")
            let nightjar = "'\(NightjarProcess.binary)'"
            let run = try await bench.shell(
                "cat in.yaml | \(nightjar) run - --base-url \(server.baseURL) --rate 100")
            #expect(run.exit == 0, "\(run)")
            #expect(try await bench.jobs().map(\.prompt).sorted() == ["a blue fox", "a red fox"])
            let bad = try await bench.shell("\(nightjar) run - --base-url \(server.baseURL) < bad.yaml")
            #expect(bad.exit == 65)
            #expect(bad.errors.contains("standard input:4:14: error: `{` is not closed"), "\(bad.errors)")
            #expect(bad.errors.contains("    4 | prompts: [\"a {red|blue fox\"]"), "\(bad.errors)")
        }
    }
}
