import Foundation
import Testing

/// `nightjar daemon --check`.
struct DaemonCheckTests {
    private func configuration(_ bench: Workbench, more: String = "") throws -> String {
        for name in ["inbox", "team"] {
            try FileManager.default.createDirectory(atPath: bench.path(name), withIntermediateDirectories: true)
        }
        try bench.write(
            """
            output: \(bench.path("images"))
            inbox:
              - \(bench.path("inbox"))
              - {path: \(bench.path("team")), output: \(bench.path("team-images")), mode: "0640", rate: 60/min, max_jobs: 1500}
            prices: {m: 0.01}
            daily: {budget: 50, timezone: Europe/Paris}
            notify:
              - {on: [failures, gate], command: [/bin/sh, -c, "true"]}
              - {on: digest, webhook: "https://ntfy.example/topic-0815", format: ntfy}
            \(more)
            """, to: "nightjar.yaml")
        return "nightjar.yaml"
    }

    @Test func `what it would do is said, and nothing is made`() async throws {
        try await Workbench.use { bench in
            let config = try configuration(bench)
            let ending = try await bench.nightjar("daemon", "--check", "--config", config)
            #expect(ending.exit == 0, "\(ending)")
            #expect(
                ending.output.replacing(bench.path(""), with: "/BENCH/").replacing("/BENCH//", with: "/BENCH/") == """
                    configuration  nightjar.yaml
                    watches        /BENCH/inbox
                                     images to /BENCH/images
                                   /BENCH/team
                                     images to /BENCH/team-images
                                     mode 0640
                                     all its batches together: at most 60/min
                                     each batch: at most 1,500 images
                                   new files after 2 s, all again every 30 s
                    state          /BENCH/images/.nightjar/state.sqlite3
                    API            https://api.serika.dev/api/openai/v1
                    limits         8 jobs at one time, 5/s
                    each day       at most 50.00, from midnight to midnight in Europe/Paris
                    tells          /bin/sh
                                     when more than 20 % of a batch failed; nothing goes on
                                   ntfy to ntfy.example
                                     when each day at 08:00
                    web page       http://127.0.0.1:8787
                    log            info, text
                    stop           sees running jobs home, for at most 20 s

                    the configuration is valid, and there is a key

                    """)
            #expect(ending.errors.isEmpty, "\(ending)")
            #expect(bench.files("") == ["inbox", "nightjar.yaml", "team"])
        }
    }

    @Test func `an inbox that is not there is told, and is no mistake`() async throws {
        try await Workbench.use { bench in
            let config = try configuration(bench)
            try FileManager.default.removeItem(atPath: bench.path("team"))
            let ending = try await bench.nightjar("daemon", "--check", "--config", config)
            #expect(ending.exit == 0, "\(ending)")
            #expect(
                ending.errors.contains(
                    "warning: the inbox `\(bench.path("team"))` is not there; it is waited for, and not made"))
            #expect(ending.errors.contains("`mkdir -p \(bench.path("team"))`"), "\(ending)")
            #expect(!ending.errors.contains("`\(bench.path("inbox"))`"))
        }
    }

    @Test func `no key, a wrong value and a folder that cannot be made are told at once`() async throws {
        try await Workbench.use { bench in
            try bench.write("", to: "file")
            let config = try configuration(bench, more: "rescan: often\nstate: \(bench.path("file/state"))\n")
            let ending = try await bench.nightjar(
                "daemon", "--check", "--config", config, environment: ["SERIKA_API_KEY": nil])
            #expect(ending.exit == 78, "\(ending)")
            #expect(ending.output.isEmpty)
            for words in ["`rescan` must be", "is not a folder", "there is no API key", "2 errors in nightjar.yaml"] {
                #expect(ending.errors.contains(words), "\(ending)")
            }
        }
    }

    @Test func `its options are those that make sense, and a wrong one is wrong usage`() async throws {
        try await Workbench.use { bench in
            let config = try configuration(bench)
            let good = try await bench.nightjar(
                "daemon", "--check", "--config", config, "--http", "off", "--concurrency", "3", "--log-level", "debug")
            #expect(good.exit == 0, "\(good)")
            #expect(good.output.contains("web page       none\n") && good.output.contains("3 jobs at one time"))
            for wrong in [["--http", ":80"], ["--max-duration", "8h"], ["--rescan", "0"]] {
                let ending = try await bench.start(["daemon", "--check", "--config", config] + wrong).end()
                #expect(ending.exit == 64, "\(ending)")
            }
        }
    }

    @Test func `a warning is no mistake, and is a line of JSON where the log is`() async throws {
        try await Workbench.use { bench in
            let config = try configuration(bench, more: "quiet: true\nlog_format: json\n")
            let ending = try await bench.nightjar("daemon", "--check", "--config", config)
            #expect(ending.exit == 0, "\(ending)")
            #expect(ending.errors.hasPrefix("{") && ending.errors.contains(#""severity":"warning""#), "\(ending)")
        }
    }
}
