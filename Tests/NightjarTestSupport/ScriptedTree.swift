package import NightjarCore
import Synchronization

/// An output folder in memory that follows a script.
package final class ScriptedTree: OutputTree {
    package struct Finish: Sendable {
        package var job: OutputJob
        package var result: RemoteResult
        /// Counted from 1, for each job.
        package var number: Int
    }

    private struct State {
        var files: [String: String] = [:]
        var finishes: [JobKey: Int] = [:]
        var partialsRemoved: [JobKey] = []
        var open = 0
    }

    private let state = Mutex(State())
    private let check: @Sendable () -> OutputFailure?
    private let finish: @Sendable (Finish) -> OutputFailure?

    /// - Parameters:
    ///   - check: What `checkWritable` throws.
    ///   - finish: What the end of a file throws; `nil`: it is put in place.
    package init(
        check: @escaping @Sendable () -> OutputFailure? = { nil },
        finish: @escaping @Sendable (Finish) -> OutputFailure? = { _ in nil }
    ) {
        self.check = check
        self.finish = finish
    }

    /// What was written, by path.
    package var files: [String: String] { state.withLock { $0.files } }
    package var partialsRemoved: [JobKey] { state.withLock { $0.partialsRemoved } }
    /// Files begun and neither finished nor abandoned.
    package var open: Int { state.withLock { $0.open } }

    package func begin(_ job: OutputJob) -> any PendingOutput {
        state.withLock { $0.open += 1 }
        return Pending(tree: self, job: job)
    }

    package func removePartial(of job: OutputJob) throws(OutputFailure) {
        state.withLock { $0.partialsRemoved.append(job.key) }
    }

    package func checkWritable(batches: [String]) throws(OutputFailure) {
        if let failure = check() { throw failure }
    }

    private final class Pending: PendingOutput {
        private let tree: ScriptedTree
        private let job: OutputJob
        private let bytes = Mutex<[UInt8]>([])

        init(tree: ScriptedTree, job: OutputJob) {
            self.tree = tree
            self.job = job
        }

        func write(_ piece: UnsafeRawBufferPointer) throws(OutputFailure) {
            bytes.withLock { $0.append(contentsOf: piece) }
        }

        func finish(_ result: RemoteResult) async throws(OutputFailure) -> OutputFile {
            let number = tree.state.withLock { state in
                state.finishes[job.key, default: 0] += 1
                return state.finishes[job.key, default: 0]
            }
            if let failure = tree.finish(Finish(job: job, result: result, number: number)) { throw failure }
            let content = bytes.withLock { String(decoding: $0, as: UTF8.self) }
            let path = "\(job.batch)/\(job.index).png"
            tree.state.withLock { state in
                state.files[path] = content
                state.open -= 1
            }
            return OutputFile(
                path: path, sha256: String(repeating: "0", count: 64), bytes: Int64(content.utf8.count), width: 1024,
                height: 1024)
        }

        func abandon() {
            tree.state.withLock { $0.open -= 1 }
        }
    }
}
