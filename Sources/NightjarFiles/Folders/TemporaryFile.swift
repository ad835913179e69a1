internal import Crypto
internal import Glibc
internal import NightjarCore

/// A file that is being written under a name of its own.
final class TemporaryFile: Sendable {
    let descriptor: Int32
    let folder: Folder
    let name: String

    /// Makes the file anew; what lies there under the name is what an earlier process left half written.
    init(_ name: String, in folder: Folder) throws(OutputFailure) {
        self.name = name
        self.folder = folder
        do {
            try folder.remove(name)
            descriptor = try retrying {
                openat(folder.descriptor, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0o666)
            }
        } catch {
            throw folder.failure("make", name, error)
        }
        if let problem = folder.ownership.apply(to: descriptor, isFolder: false) {
            throw folder.failure("set group and mode of", name, problem)
        }
    }

    deinit {
        close(descriptor)
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            do {
                rest = rest.dropFirst(try retrying { Glibc.write(descriptor, piece.baseAddress, piece.count) })
            } catch {
                throw folder.failure("write", name, error)
            }
        }
    }

    func write(_ text: String) throws(OutputFailure) {
        var text = text
        let result = text.withUTF8 { bytes in
            Result { () throws(OutputFailure) in try write(UnsafeRawBufferPointer(bytes)) }
        }
        try result.get()
    }

    /// Makes the content durable.
    func sync() throws(OutputFailure) {
        do {
            try retrying { fsync(descriptor) }
        } catch {
            throw folder.failure("write", name, error)
        }
    }

    /// Gives the file its final name in `target`.
    /// - Returns: `false` when the name is taken.
    func move(to newName: String, in target: Folder) throws(OutputFailure) -> Bool {
        do {
            return try folder.move(name, to: newName, in: target)
        } catch {
            throw target.failure("make", newName, error)
        }
    }

    /// Deletes the file, if it still has its name.
    func discard() {
        try? folder.remove(name)
    }
}

extension Folder {
    /// The size and the SHA-256 of the file `name`.
    /// - Returns: `nil` when there is no such regular file; links are not followed.
    func digest(of name: String) throws(SystemError) -> (bytes: Int64, sha256: String)? {
        guard let kind = try kind(of: name), kind.isFile else { return nil }
        let file = try retrying { openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
        defer { close(file) }
        var hash = SHA256()
        var bytes: Int64 = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try retrying { read(file, buffer.baseAddress, buffer.count) }
            if count == 0 { return (bytes, hexadecimal(hash.finalize())) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            bytes += Int64(count)
        }
    }
}
