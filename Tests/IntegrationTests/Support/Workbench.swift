import Foundation
import NightjarTestSupport
import Synchronization
import Testing

/// What one test works with: a folder of its own, and processes that are ended with it, whatever happens.
final class Workbench: Sendable {
    static let key = "sk-workbench-0123456789"

    let folder: TemporaryFolder
    private let logs: TemporaryFolder
    private let processes = Mutex<[NightjarProcess]>([])

    private init() throws {
        folder = try TemporaryFolder()
        logs = try TemporaryFolder()
    }

    /// A few tests at a time: each starts several processes.
    private static let places = Places(4)
    private static let waitingPlaces = Places(8)

    /// Runs a test's body, and ends everything that it started.
    /// - Parameter waits: It mostly waits for times to pass, so that more of its kind may run together.
    static func use(waits: Bool = false, _ body: (Workbench) async throws -> Void) async throws {
        let places = waits ? waitingPlaces : places
        await places.take()
        let bench = try Workbench()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(bench))
        } catch {
            result = .failure(error)
        }
        for process in bench.processes.withLock({ $0 }).reversed() { try? await process.killed() }
        await places.free()
        try result.get()
    }

    // MARK: Processes

    /// The environment of a process: nothing of the tester's own but the path.
    func environment(_ changes: [String: String?] = [:]) -> [String: String] {
        var environment: [String: String] = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder.path,
            "SERIKA_API_KEY": Self.key,
        ]
        for (name, value) in changes { environment[name] = value }
        return environment
    }

    func start(
        _ arguments: String..., executable: String = NightjarProcess.binary, environment: [String: String?] = [:]
    ) throws -> NightjarProcess {
        try start(arguments, executable: executable, environment: environment)
    }

    func start(
        _ arguments: [String], executable: String = NightjarProcess.binary, environment: [String: String?] = [:]
    ) throws -> NightjarProcess {
        let process = try NightjarProcess(
            arguments, executable: executable, in: folder.url, logs: logs.url,
            environment: self.environment(environment))
        processes.withLock { $0.append(process) }
        return process
    }

    /// Starts a command of `nightjar` and waits for its end.
    func nightjar(
        _ arguments: String..., environment: [String: String?] = [:]
    ) async throws -> Ending {
        try await start(arguments, environment: environment).end()
    }

    func shell(_ script: String) async throws -> Ending {
        try await start(["-c", script], executable: "/bin/sh").end()
    }

    // MARK: Files

    func path(_ name: String) -> String { folder.path(name) }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String { try folder.write(text, to: name) }

    /// Writes `batch.yaml`: prompts under the name `batch`, 64×64 px, of the model `test/picture`.
    /// - Parameter more: Further keys at the top.
    @discardableResult
    func manifest(
        _ prompts: [String], name: String = "batch", model: String = "test/picture", more: String = ""
    ) throws -> String {
        let list = prompts.map { "  - \"\($0)\"\n" }.joined()
        return try folder.write(
            """
            version: 1
            name: \(name)
            defaults: {model: \(model), width: 64, height: 64}
            \(more)
            prompts:
            \(list)
            """, to: "\(name).yaml")
    }

    /// Paths below a folder of the bench, relative to it, hidden ones too.
    func files(_ name: String) -> [String] {
        (FileManager.default.subpaths(atPath: folder.path(name)) ?? []).sorted()
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: folder.path(name), encoding: .utf8)
    }

    // MARK: State

    func jobs(_ output: String = "output", _ more: String...) async throws -> [JobLine] {
        let ending = try await start(["jobs", "--json", "--output", output] + more).end()
        guard ending.exit == 0 else { throw Unexpected(ending: ending) }
        return try ending.output.split(separator: "\n").map { try JobLine($0) }
    }

    func status(_ output: String = "output") async throws -> StatusReply {
        let ending = try await start(["status", "--json", "--output", output]).end()
        guard ending.exit == 0 else { throw Unexpected(ending: ending) }
        return try JSONDecoder().decode(StatusReply.self, from: Data(ending.output.utf8))
    }

    func batch(_ output: String = "output", name: String = "batch") async throws -> BatchLine {
        let status = try await status(output)
        return try #require(status.batches.first { $0.name == name }, "\(status)")
    }
}

struct Unexpected: Error {
    var ending: Ending
}

/// A number of places that waiting tasks take in turn.
private actor Places {
    private var left: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        left = count
    }

    func take() async {
        if left > 0 {
            left -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func free() {
        if waiting.isEmpty {
            left += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
