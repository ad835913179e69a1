import Foundation
import Synchronization

/// A process of the real program; what it prints goes to files, so that no pipe can fill up.
final class NightjarProcess: Sendable {
    /// The program beside this test's own executable, or the one that `NIGHTJAR_BINARY` names.
    static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["NIGHTJAR_BINARY"] { return path }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return own.deletingLastPathComponent().appending(path: "nightjar").path
    }()

    /// Foundation closes descriptors in the child by number: two starts at one time could leak into each other.
    private static let starting = Mutex(())

    private let process: Process
    let pid: Int32
    private let outputFile: URL
    private let errorFile: URL

    /// - Parameters:
    ///   - logs: A folder for what the process prints.
    ///   - environment: The whole environment of the process.
    init(
        _ arguments: [String], executable: String = NightjarProcess.binary, in folder: URL, logs: URL,
        environment: [String: String]
    ) throws {
        let name = UUID().uuidString
        outputFile = logs.appending(path: "\(name).out")
        errorFile = logs.appending(path: "\(name).err")
        try Data().write(to: outputFile)
        try Data().write(to: errorFile)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (try FileHandle(forWritingTo: outputFile), try FileHandle(forWritingTo: errorFile))
        process.standardOutput = output
        process.standardError = errors
        try Self.starting.withLock { _ in try process.run() }
        // Now, not when the process object goes: some thousand descriptors are more than Foundation can start one with.
        try output.close()
        try errors.close()
        self.process = process
        pid = process.processIdentifier
    }

    var isRunning: Bool { process.isRunning }
    var output: String { (try? String(contentsOf: outputFile, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOf: errorFile, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) {
        if process.isRunning { kill(pid, signal) }
    }

    /// Waits for the end; a process that does not end in time is killed.
    func end(within seconds: Double = 90) async throws -> Ending {
        do {
            try await eventually("the end of the process", within: seconds) { !self.process.isRunning }
        } catch {
            send(SIGKILL)
            throw TimedOut(what: "\(error)\nit printed: \(output)\n\(errors)")
        }
        let wasKilled = process.terminationReason == .uncaughtSignal
        return Ending(
            exit: wasKilled ? nil : process.terminationStatus, signal: wasKilled ? process.terminationStatus : nil,
            output: output, errors: errors)
    }

    /// Ends the process at once, as a power cut would.
    func killed() async throws {
        send(SIGKILL)
        try await eventually("the end of a killed process", within: 30) { !self.process.isRunning }
    }
}

/// How a process ended, and what it had printed.
struct Ending: Sendable, CustomStringConvertible {
    /// `nil` where a signal ended it.
    var exit: Int32?
    var signal: Int32?
    var output: String
    var errors: String

    var description: String {
        "exit \(exit.map(String.init) ?? "-"), signal \(signal.map(String.init) ?? "-")\n\(output)\n\(errors)"
    }
}

struct TimedOut: Error, CustomStringConvertible {
    var what: String
    var description: String { "timed out waiting for \(what)" }
}

/// Waits until something can be observed.
func eventually(
    _ what: String, within seconds: Double = 60, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw TimedOut(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}
