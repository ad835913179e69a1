internal import Dispatch
internal import Glibc
internal import Synchronization

/// Something that happened in a watched folder.
package enum FolderEvent: Equatable, Sendable {
    /// A file was renamed into the folder: it is whole.
    case movedIn(FileName, folder: Int)
    /// A file was made, or closed after it had been written.
    case changed(FileName, folder: Int)
    /// Events were lost, or a folder is gone: only a look at everything tells what there is.
    case lost
}

/// What happens in some folders, by inotify(7). Events can be lost, and on a network file system others' changes bring none:
/// who listens looks at the folders from time to time as well.
package final class FolderEvents: Sendable {
    /// Why folders cannot be watched, in words.
    package struct Failure: Error, Equatable, Sendable {
        package var words: String

        package init(words: String) {
            self.words = words
        }
    }

    /// Ends when this value is let go of.
    package let events: AsyncStream<FolderEvent>
    private let source: Mutex<any DispatchSourceRead>

    /// Beyond these, the reader is told that events were lost.
    private static let mostWaiting = 1 << 16

    /// - Parameter folders: An event names a folder by its place among them.
    package init(_ folders: [Folder]) throws(Failure) {
        let descriptor: Int32
        do {
            descriptor = try retrying { inotify_init1(O_NONBLOCK | O_CLOEXEC) }
        } catch {
            throw Failure(words: Self.words(error))
        }
        var watches: [Int32: Int] = [:]
        do {
            for (place, folder) in folders.enumerated() {
                // The folder that is open, whatever its path leads to by now.
                watches[try retrying { inotify_add_watch(descriptor, folder.ownPath, Self.mask) }] = place
            }
        } catch {
            close(descriptor)
            throw Failure(words: Self.words(error))
        }
        let (events, continuation) = AsyncStream.makeStream(
            of: FolderEvent.self, bufferingPolicy: .bufferingNewest(Self.mostWaiting))
        self.events = events
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "nightjar.folder-events"))
        let reader = Reader(descriptor: descriptor, watches: watches, continuation: continuation)
        source.setEventHandler { reader.read() }
        source.setCancelHandler {
            continuation.finish()
            close(descriptor)
        }
        source.activate()
        self.source = Mutex(source)
    }

    deinit {
        source.withLock { $0.cancel() }
    }

    private static let mask = UInt32(
        IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)

    private static func words(_ error: SystemError) -> String {
        switch error.code {
        case EMFILE: "the limit of `fs.inotify.max_user_instances` is reached"
        case ENOSPC: "the limit of `fs.inotify.max_user_watches` is reached"
        default: error.words
        }
    }

    /// Only the source's queue calls it, one event after another.
    private struct Reader: Sendable {
        let descriptor: Int32
        let watches: [Int32: Int]
        let continuation: AsyncStream<FolderEvent>.Continuation

        func read() {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
            defer { buffer.deallocate() }
            while let count = try? retrying({ Glibc.read(descriptor, buffer.baseAddress, buffer.count) }), count > 0 {
                parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }

        private func parse(_ bytes: UnsafeRawBufferPointer) {
            let head = MemoryLayout<inotify_event>.size
            var rest = bytes[...]
            while rest.count >= head {
                let start = UnsafeRawBufferPointer(rebasing: rest)
                let event = (
                    watch: start.loadUnaligned(fromByteOffset: 0, as: Int32.self),
                    mask: start.loadUnaligned(fromByteOffset: 4, as: UInt32.self),
                    length: start.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
                )
                let end = min(rest.count, head + Int(event.length))
                let name = start[head..<end].prefix { $0 != 0 }
                tell(event.watch, event.mask, FileName(bytes: Array(name)))
                rest = rest.dropFirst(end)
            }
        }

        private func tell(_ watch: Int32, _ mask: UInt32, _ name: FileName) {
            if mask & UInt32(IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT) != 0 {
                return yield(.lost)
            }
            guard let folder = watches[watch], !name.bytes.isEmpty else { return }
            yield(mask & UInt32(IN_MOVED_TO) != 0 ? .movedIn(name, folder: folder) : .changed(name, folder: folder))
        }

        private func yield(_ event: FolderEvent) {
            // A full buffer drops its oldest event, so the newest always says that some are missing.
            if case .dropped = continuation.yield(event) { continuation.yield(.lost) }
        }
    }
}
