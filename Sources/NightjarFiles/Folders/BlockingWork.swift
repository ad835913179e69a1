internal import Dispatch
internal import Synchronization

/// Threads for what waits for the disk, so that the few threads that all tasks share never do.
final class BlockingWork: Sendable {
    private let queues: [DispatchQueue]
    private let turn = Atomic<Int>(0)

    /// - Parameter width: How many pieces of work run at one time; the fsyncs of so many files overlap.
    init(width: Int = 8) {
        queues = (0..<width).map { DispatchQueue(label: "nightjar.files.\($0)") }
    }

    /// Runs `body` to its end, whether or not the task that waits for it is cancelled.
    func run<Success, Failure>(
        _ body: @escaping @Sendable () throws(Failure) -> Success
    ) async throws(Failure) -> Success {
        let place = turn.wrappingAdd(1, ordering: .relaxed).oldValue
        let queue = queues[Int(UInt(bitPattern: place) % UInt(queues.count))]
        let result: Result<Success, Failure> = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }
}
