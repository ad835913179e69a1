import Foundation
import Glibc
import NightjarTestSupport
import Testing

/// An inbox into which a hundred manifests fall within a second, some written slowly, some wrong, some twice.
@Suite(.timeLimit(.minutes(10)))
struct InboxStormTests {
    private static let whole = (0..<100).map { "whole-\($0)" }
    private static let slow = (0..<20).map { "slow-\($0)" }
    private static let invalid = (0..<5).map { "invalid-\($0)" }
    private static let twice = (0..<5).map { "whole-\($0)" }

    @Test func `each ends in the right folder with the right file beside it, and nothing is run twice`() async throws {
        try await Workbench.daemon(#"{"job_time": 0.02}"#, configuration: "concurrency: 50\n") { daemon, server in
            _ = try await daemon.start()
            try await Self.storm(daemon)
            try await Self.check(daemon, server)
        }
    }

    /// The same, with the daemon killed at ten moments.
    @Test(arguments: [1, 2]) func `the daemon may be killed at any moment`(seed: UInt64) async throws {
        try await Workbench.daemon(#"{"job_time": 0.02}"#, configuration: "concurrency: 50\n") { daemon, server in
            var random = SeededGenerator(seed: seed)
            var process = try await daemon.start()
            let storm = Task { try await Self.storm(daemon) }
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(Int.random(in: 30...900, using: &random)))
                try await process.killed()
                process = try await daemon.start()
            }
            try await storm.value
            try await Self.check(daemon, server)
            // A killed submission may be waited for: what is held is none that was paid twice.
            #expect(try server.ledger().totals.duplicates == 0)
        }
    }

    private static func storm(_ daemon: DaemonBench) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in slow {
                group.addTask {
                    // As scp writes: in place, in pieces, with the file open.
                    let path = daemon.bench.path("inbox/\(name).yaml")
                    try Data().write(to: URL(fileURLWithPath: path))
                    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
                    for piece in Array(DaemonBench.manifest(name).utf8).chunks(of: 40) {
                        try file.write(contentsOf: piece)
                        try await Task.sleep(for: .milliseconds(100))
                    }
                    try file.close()
                }
            }
            for name in whole { try daemon.drop(DaemonBench.manifest(name), as: "\(name).yaml") }
            for name in invalid { try daemon.drop(DaemonBench.manifest(name, more: "colour: red"), as: "\(name).yaml") }
            for name in twice { try daemon.drop(DaemonBench.manifest(name), as: "again-\(name).yaml") }
            try await group.waitForAll()
        }
    }

    private static func check(_ daemon: DaemonBench, _ server: FaultServer) async throws {
        let ok = (whole + slow + twice.map { "again-\($0)" }).sorted()
        try await eventually("the end of the storm", within: 240) {
            daemon.names("inbox/done").count >= ok.count * 2 && daemon.names("inbox/failed").count >= invalid.count * 2
        }
        #expect(daemon.names("inbox") == ["done", "failed"])
        #expect(daemon.names("inbox/.accepted").isEmpty)
        #expect(daemon.names("inbox/done") == ok.flatMap { ["\($0).result.json", "\($0).yaml"] }.sorted())
        #expect(daemon.names("inbox/failed") == invalid.flatMap { ["\($0).error.txt", "\($0).yaml"] }.sorted())
        for name in whole + slow {
            let result = try daemon.result(name)
            #expect(result.exit == 0 && result.batches.map(\.done) == [1], "\(name): \(result)")
        }
        for name in twice { #expect(try daemon.result("again-\(name)").duplicate_of == name) }
        for name in invalid {
            #expect(try daemon.bench.read("inbox/failed/\(name).error.txt").contains("unknown key `colour`"))
        }
        let ledger = try server.ledger()
        #expect(ledger.totals.billed == whole.count + slow.count)
        #expect(Set(ledger.jobs.compactMap(\.prompt)).count == whole.count + slow.count)
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
