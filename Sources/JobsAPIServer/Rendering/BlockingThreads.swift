import Dispatch
import Synchronization

/// A few threads for work that computes or waits for the disk, so that neither event loops nor tasks are held up.
struct BlockingThreads: Sendable {
    private let queues: [DispatchQueue]
    private let next = Turn()

    private final class Turn: Sendable {
        let number = Atomic<Int>(0)
    }

    /// - Parameter count: The width; one thread for each processor by default.
    init(label: String, count: Int = processorCount) {
        queues = (0..<max(1, count)).map { DispatchQueue(label: "\(label).\($0)") }
    }

    /// Runs `work` on one of the threads, in turn, and waits for it without holding up a thread of its own.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        let turn = next.number.add(1, ordering: .relaxed).oldValue
        let queue = queues[Int(turn.magnitude % UInt(queues.count))]
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: work)) }
        }
    }
}
