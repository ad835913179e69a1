internal import Crypto
internal import Glibc
internal import NightjarCore
internal import Synchronization

/// One image on its way to the disk.
///
/// The first bytes are held back until they tell the format, on which the name depends.
final class PendingFile: PendingOutput {
    private struct State {
        var head: [UInt8] = []
        var format: ImageFormat?
        var temporary: TemporaryFile?
        var hash = SHA256()
        var bytes: Int64 = 0
    }

    /// What the files of one output folder share.
    struct Tools: Sendable {
        let maxImageBytes: Int64
        let blocking = BlockingWork()
        let durable = DurableFolders()
        let blankCheck = BlankCheck()
    }

    private let job: OutputJob
    private let root: OutputRoot
    private let tools: Tools
    /// Used by one task at a time; the lock only proves it.
    private let state = Mutex(State())

    init(_ job: OutputJob, _ root: OutputRoot, _ tools: Tools) {
        self.job = job
        self.root = root
        self.tools = tools
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFailure) {
        try state.withLock { state throws(OutputFailure) in
            guard state.bytes + Int64(bytes.count) <= tools.maxImageBytes else {
                throw .notAnImage(
                    "it is larger than \(ByteCount(bytes: tools.maxImageBytes)), the limit that `--max-image-bytes` sets"
                )
            }
            state.bytes += Int64(bytes.count)
            state.hash.update(bufferPointer: bytes)
            if let temporary = state.temporary {
                try temporary.write(bytes)
            } else {
                state.head += bytes
                if state.head.count >= ImageFormat.headLength { try open(&state) }
            }
        }
    }

    func finish(_ result: RemoteResult) async throws(OutputFailure) -> Delivery {
        try await tools.blocking.run { () throws(OutputFailure) in
            try self.state.withLock { state throws(OutputFailure) in
                defer { self.discard(&state) }
                return try self.complete(&state, result)
            }
        }
    }

    func abandon() {
        state.withLock { discard(&$0) }
    }

    private func discard(_ state: inout State) {
        state.temporary?.discard()
        state.temporary = nil
    }

    /// Opens the temporary file, now that the format is known, and writes what was held back.
    private func open(_ state: inout State) throws(OutputFailure) {
        guard let format = ImageFormat(head: state.head) else {
            throw .notAnImage(describe(notAnImage: state.head))
        }
        let paths = try JobPaths(job)
        if let reason = paths.reasonAgainst(format) { throw .notAnImage(reason) }
        let folder = try root.open().descend(paths.temporaryFolders(for: format), create: true)
        let temporary = try TemporaryFile(paths.temporaryName, in: folder)
        state.format = format
        state.temporary = temporary
        let head = state.head
        state.head = []
        let result = head.withUnsafeBytes { bytes in
            Result { () throws(OutputFailure) in try temporary.write(bytes) }
        }
        try result.get()
    }

    private func complete(_ state: inout State, _ result: RemoteResult) throws(OutputFailure) -> Delivery {
        if state.temporary == nil { try open(&state) }
        guard let temporary = state.temporary, let format = state.format else {
            throw .notAnImage("nothing was received")
        }
        let (size, isBlank) = try examine(temporary, format, bytes: state.bytes)
        for (side, got, wanted) in [("width", size.width, result.width), ("height", size.height, result.height)] {
            if let wanted, wanted != got {
                throw .wrongSize(
                    "the image is \(size.width)×\(size.height) px, but the API reported a \(side) of \(wanted) px")
            }
        }
        try temporary.sync()
        Failpoint.fileSynced.reach()
        let paths = try JobPaths(job)
        let publication = Publication(
            job: job, paths: paths, root: try root.open(), durable: tools.durable, format: format, temporary: temporary,
            result: result,
            file: OutputFile(
                path: "", sha256: hexadecimal(state.hash.finalize()), bytes: state.bytes, width: size.width,
                height: size.height))
        let file =
            switch paths.target(for: format, reportedSeed: result.seed, isBlank: isBlank) {
            case .beside(let place): try publication.publish(beside: place)
            case .exactly(let recorded): try publication.publish(exactly: recorded)
            }
        return isBlank ? .blank(file) : .image(file)
    }

    private func examine(
        _ temporary: TemporaryFile, _ format: ImageFormat, bytes: Int64
    ) throws(OutputFailure) -> (size: ImageSize, isBlank: Bool) {
        var file = FileBytes(descriptor: temporary.descriptor, count: bytes)
        do {
            let facts = try format.examine(&file)
            return (facts.size, try tools.blankCheck.isBlank(format, facts, &file))
        } catch {
            switch error {
            case .broken(let words): throw .notAnImage("the \(format.rawValue) \(words)")
            case .unreadable(let error): throw temporary.folder.failure("read back", temporary.name, error)
            }
        }
    }
}
