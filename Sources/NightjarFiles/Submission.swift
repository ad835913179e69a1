internal import Glibc
package import NightjarCore

/// A folder with a manifest and the files that it refers to, on its way into an inbox: it appears there whole or not at all.
package final class Submission {
    private let target: Folder
    private let folder: Folder
    private let temporary: FileName
    private let id: String
    /// Of the inbox: whoever shares that shares what is put there.
    private let mode: UInt32

    /// - Parameters:
    ///   - inbox: The folder, which must be there.
    ///   - id: A name that no other submission has.
    package init(to inbox: String, id: String) throws(OutputFailure) {
        self.id = id
        temporary = FileName(".tmp-\(id)")
        let root: Folder
        do {
            root = try Folder.opened(at: inbox)
        } catch {
            throw .unwritable("the inbox `\(inbox)` cannot be used: \(error.words)")
        }
        do {
            mode = try root.mode() & 0o2777
            target = try root.made(".submitted", ownership: FileOwnership(mode: mode)).folder
            folder = try target.made(temporary.printable, ownership: FileOwnership(mode: mode)).folder
        } catch {
            throw .unwritable("the inbox `\(inbox)` cannot be written: \(error.words)")
        }
    }

    deinit {
        try? target.removeTree(temporary)
    }

    /// Where a manifest lies until then.
    package var path: String { folder.path }

    /// Makes a folder in it, with those above it.
    /// - Parameter path: Relative, without `.` and `..`.
    package func makeFolder(_ path: some Sequence<String>) throws(OutputFailure) {
        _ = try open(path)
    }

    /// Copies a regular file.
    /// - Parameter path: Relative, without `.` and `..`.
    package func copy(_ source: String, to path: [String]) throws(OutputFailure) {
        guard let name = path.last else { throw .unwritable("`\(source)` has no name") }
        let folder = try open(path.dropLast())
        do {
            let from = try retrying { Glibc.open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
            defer { close(from) }
            let copy = try TemporaryFile(name, in: folder)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try retrying { read(from, buffer.baseAddress, buffer.count) }
                if count == 0 { break }
                try copy.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            _ = FileOwnership(mode: mode & 0o666).apply(to: copy.descriptor, isFolder: false)
            try copy.sync()
            try folder.sync()
        } catch let failure as OutputFailure {
            throw failure
        } catch let error as SystemError {
            throw .unwritable("`\(source)` cannot be copied: \(error.words)")
        } catch {
            throw .unwritable("`\(source)` cannot be copied: \(error)")
        }
    }

    private func open(_ path: some Sequence<String>) throws(OutputFailure) -> Folder {
        var folder = folder
        for name in path {
            do {
                folder = try folder.made(name, ownership: FileOwnership(mode: mode)).folder
            } catch {
                throw folder.failure("make the folder", name, error)
            }
        }
        return folder
    }

    /// Hands it over.
    /// - Returns: Where it lies then.
    package func submit() throws(OutputFailure) -> String {
        do {
            guard try target.move(temporary, to: FileName(id), in: target) else {
                throw OutputFailure.unwritable("there is a submission `\(id)` already")
            }
            try target.sync()
        } catch let failure as OutputFailure {
            throw failure
        } catch {
            throw .unwritable(
                "the manifest cannot be handed over in `\(target.path)`: \((error as? SystemError)?.words ?? "\(error)")"
            )
        }
        return "\(target.path)/\(id)"
    }
}
