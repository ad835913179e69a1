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
    private let isBlank: @Sendable (Finish) -> Bool
    private let free: @Sendable () -> Result<Int64, OutputFailure>

    /// - Parameters:
    ///   - check: What `checkWritable` throws.
    ///   - finish: What the end of a file throws; `nil`: it is put in place.
    ///   - isBlank: Whether a file that is put in place is blank.
    ///   - free: What `freeBytes` answers.
    package init(
        check: @escaping @Sendable () -> OutputFailure? = { nil },
        finish: @escaping @Sendable (Finish) -> OutputFailure? = { _ in nil },
        isBlank: @escaping @Sendable (Finish) -> Bool = { _ in false },
        free: @escaping @Sendable () -> Result<Int64, OutputFailure> = { .success(.max) }
    ) {
        self.check = check
        self.finish = finish
        self.isBlank = isBlank
        self.free = free
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

    package func freeBytes() throws(OutputFailure) -> Int64 {
        try free().get()
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

        func finish(_ result: RemoteResult) async throws(OutputFailure) -> Delivery {
            let number = tree.state.withLock { state in
                state.finishes[job.key, default: 0] += 1
                return state.finishes[job.key, default: 0]
            }
            let finish = Finish(job: job, result: result, number: number)
            if let failure = tree.finish(finish) { throw failure }
            let isBlank = tree.isBlank(finish)
            let content = bytes.withLock { String(decoding: $0, as: UTF8.self) }
            let path = tree.put(content, of: job, isBlank: isBlank)
            let file = OutputFile(
                path: path, sha256: String(repeating: "0", count: 64), bytes: Int64(content.utf8.count), width: 1024,
                height: 1024)
            return isBlank ? .blank(file) : .image(file)
        }

        func abandon() {
            tree.state.withLock { $0.open -= 1 }
        }
    }

    /// Puts a file where a real tree would: in the tree under its old name, elsewhere under one that is free.
    private func put(_ content: String, of job: OutputJob, isBlank: Bool) -> String {
        let stem = "\(job.batch)/\(job.index)"
        return state.withLock { state in
            state.open -= 1
            var path: String
            switch job.place {
            case .exactly(let recorded): path = recorded
            case .tree where !isBlank: path = "\(stem).png"
            case .tree, .duplicates:
                let folder = job.place == .tree ? ".nightjar/filtered" : ".nightjar/duplicates"
                path = "\(folder)/\(stem).png"
                var number = 2
                while state.files[path] != nil {
                    path = "\(folder)/\(stem)-\(number).png"
                    number += 1
                }
            }
            state.files[path] = content
            return path
        }
    }
}
