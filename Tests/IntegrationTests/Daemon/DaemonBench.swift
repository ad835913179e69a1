import Foundation
import Glibc
import NightjarTestSupport
import Testing

/// A daemon in a folder of its own, with one inbox, and what is dropped there.
struct DaemonBench {
    let bench: Workbench
    let baseURL: String

    /// - Parameter more: Further lines of the configuration; a key that stands there is not written a second time.
    func configure(_ more: String = "") throws {
        let defaults = [
            ("base_url", baseURL), ("state", bench.path("state/state.sqlite3")), ("output", bench.path("images")),
            ("inbox", "[\(bench.path("inbox"))]"), ("http", "off"), ("settle_inbox", "300ms"), ("rescan", "2s"),
            ("concurrency", "8"), ("rate", "500/s"), ("settle", "2s"), ("timeout", "2s"), ("log_level", "debug"),
        ]
        let lines = defaults.filter { key, _ in !more.split(separator: "\n").contains { $0.hasPrefix("\(key):") } }
        let text = lines.map { "\($0): \($1)\n" }.joined() + more + "\n"
        try bench.write(text, to: "nightjar.yaml")
        try FileManager.default.createDirectory(
            atPath: bench.path("inbox"), withIntermediateDirectories: true)
    }

    func start(environment: [String: String?] = [:]) async throws -> NightjarProcess {
        let process = try bench.start(["daemon", "--config", "nightjar.yaml"], environment: environment)
        try await eventually("the daemon's start") {
            process.errors.contains("the daemon has started") || !process.isRunning
        }
        try #require(process.isRunning, "\(process.errors)")
        return process
    }

    static func manifest(_ name: String, prompts: Int = 1, more: String = "") -> String {
        let list = (0..<prompts).map { "  - \"\(name), picture \($0)\"\n" }.joined()
        return """
            version: 1
            name: \(name)
            defaults: {model: test/picture, width: 64, height: 64}
            \(more)
            prompts:
            \(list)
            """
    }

    /// Puts a file into the inbox in one step.
    func drop(_ text: String, as file: String, inbox: String = "inbox") throws {
        let path = bench.path("\(inbox)/.\(file).tmp")
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        guard rename(path, bench.path("\(inbox)/\(file)")) == 0 else {
            throw POSIXError(.init(rawValue: errno) ?? .EIO)
        }
    }

    func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: bench.path(path)) }

    struct Result: Decodable {
        struct Batch: Decodable {
            var name: String
            var total: Int
            var done: Int
            var exit: Int32
            var output: String
        }
        var version: Int
        var exit: Int32
        var duplicate_of: String?
        var batches: [Batch]
    }

    func result(_ name: String, inbox: String = "inbox") throws -> Result {
        let data = try Data(contentsOf: URL(fileURLWithPath: bench.path("\(inbox)/done/\(name).result.json")))
        return try JSONDecoder().decode(Result.self, from: data)
    }

    /// Names in a folder of the inbox, hidden ones not.
    func names(_ folder: String) -> [String] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: bench.path(folder))) ?? []
        return all.filter { !$0.hasPrefix(".") }.sorted()
    }
}

extension Workbench {
    /// Runs a body with a daemon's folder and a Jobs API of our own.
    static func daemon(
        _ settings: String = #"{"job_time": 0.05}"#, configuration: String = "",
        _ body: (DaemonBench, FaultServer) async throws -> Void
    ) async throws {
        try await use { bench in
            let server = try await bench.faultServer(settings)
            let daemon = DaemonBench(bench: bench, baseURL: server.baseURL)
            try daemon.configure(configuration)
            try await body(daemon, server)
        }
    }
}
