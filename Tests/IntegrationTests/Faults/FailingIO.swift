import Foundation
import NightjarTestSupport
import Testing

/// `Tests/FailingIO`: has the n-th call of a kind fail in a process.
struct FailingIO: Sendable {
    enum Call: String, CaseIterable, Sendable {
        case write, sync, rename, open
    }

    enum Fault: String, CaseIterable, Sendable {
        case noSpace = "ENOSPC"
        case device = "EIO"
    }

    /// One way to fail.
    struct Plan: Sendable, CustomStringConvertible {
        var call: Call
        /// From 1.
        var number: Int
        /// That call and all after it.
        var isLasting: Bool
        var fault: Fault

        var description: String { "\(call.rawValue):\(number)\(isLasting ? "+" : ""):\(fault.rawValue)" }
    }

    private let folder: TemporaryFolder
    private var library: String { folder.path("failing-io.so") }

    /// Compiles the library.
    init() async throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../FailingIO/failing-io.c").standardizedFileURL
        try await Workbench.use { bench in
            let compiler = try bench.start(
                ["clang", "-shared", "-fPIC", "-O1", "-o", folder.path("failing-io.so"), source.path, "-ldl"],
                executable: "/usr/bin/env")
            let ending = try await compiler.end()
            try #require(ending.exit == 0, "\(ending)")
        }
        self.folder = folder
    }

    func environment(_ plan: Plan, report: String? = nil) -> [String: String?] {
        ["LD_PRELOAD": library, "FAILING_IO": "\(plan)", "FAILING_IO_REPORT": report]
    }
}
