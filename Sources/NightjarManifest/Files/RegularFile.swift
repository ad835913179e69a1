import Crypto
import Glibc

/// A file that is read from its beginning to its end. Only regular files: a pipe or a device could block, or never end.
final class RegularFile {
    private let descriptor: Int32
    private var hash: SHA256?

    /// Why a file cannot be read, in words.
    struct Failure: Error, CustomStringConvertible {
        var description: String
        /// There is no such file, which may be to come.
        var isMissing = false
    }

    /// - Parameter hashes: Whether to hash what is read.
    init(path: String, hashes: Bool) throws(Failure) {
        // Not blocking: opening a pipe would wait for its other end.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw Failure(description: Self.describe(errno), isMissing: errno == ENOENT)
        }
        hash = hashes ? SHA256() : nil
        var status = stat()
        // On a throw, `deinit` closes.
        guard fstat(descriptor, &status) == 0 else { throw Failure(description: Self.describe(errno)) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw Failure(description: "is a folder, not a file")
        default: throw Failure(description: "is not a regular file")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Where it really lies, links followed; `nil` where the system does not say.
    var realPath: String? {
        Self.target(ofLink: "/proc/self/fd/\(descriptor)")
    }

    /// - Returns: `nil` for what is no link.
    static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return -1 }
            return readlink(path, start.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Reads on.
    /// - Returns: Bytes read; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 {
                hash?.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                return count
            }
            guard errno == EINTR else { throw Failure(description: Self.describe(errno)) }
        }
    }

    func read(into buffer: inout [UInt8]) throws -> Int {
        try buffer.withUnsafeMutableBytes { try read(into: $0) }
    }

    /// The hash of the whole file, in hexadecimal; what was not read yet is read.
    func digest() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while try read(into: &buffer) > 0 {}
        return hash?.finalize().hexadecimal ?? ""
    }

    private static func describe(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file"
        case EACCES, EPERM: "permission denied"
        case ENOTDIR: "no such folder"
        case ELOOP: "too many symbolic links"
        case ENAMETOOLONG: "the name is too long"
        case EIO: "the disk reports an error"
        default: strerror(code).map { String(cString: $0).lowercased() } ?? "error \(code)"
        }
    }
}

extension SHA256Digest {
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
