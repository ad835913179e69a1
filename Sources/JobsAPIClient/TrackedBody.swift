internal import FoundationEssentials
internal import Synchronization

/// The body of a submission, which knows whether the HTTP client has ever asked for it.
///
/// The client makes the bytes of a body only when a connection stands, at once after the head of the request. As long
/// as they have not been made, nobody can have received a whole request, whatever error comes back.
struct TrackedBody: RandomAccessCollection, Sendable {
    /// Whether a byte was asked for.
    final class Mark: Sendable {
        private let taken = Atomic(false)

        var isTaken: Bool { taken.load(ordering: .sequentiallyConsistent) }

        fileprivate func take() { taken.store(true, ordering: .sequentiallyConsistent) }
    }

    let mark = Mark()
    private let bytes: Data

    init(_ bytes: Data) {
        self.bytes = bytes
    }

    var startIndex: Int { bytes.startIndex }
    var endIndex: Int { bytes.endIndex }

    subscript(position: Int) -> UInt8 {
        mark.take()
        return bytes[position]
    }

    func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        mark.take()
        return try bytes.withContiguousStorageIfAvailable(body)
    }
}
