internal import FoundationEssentials
internal import Glibc
internal import NightjarCore

/// What a `metadata.jsonl` that Nightjar wrote says of a batch's images, as far as its beginning tells.
struct DescribedImages {
    let file: String
    /// The batch's own, in which the file lies.
    let folder: String
    /// At least 1.
    let count: Int
    /// The file goes on after what was read.
    let isMore: Bool

    /// Bytes that are read of a file: a line has some 700.
    private static let mostRead = 1 << 20
    /// Files that are looked at: beside a person's own, Nightjar's is `metadata-2.jsonl`, and so on.
    private static let mostFiles = 9

    /// Links are not followed, pipes not waited for.
    /// - Returns: `nil` where there is no such file, or only those of others.
    /// - Throws: `Refusal` where a file cannot be read, so that nobody knows.
    static func find(output: String, batch: String) throws(Refusal) -> DescribedImages? {
        let path = "\(output)/\(SafePathComponent.make(batch, limit: 200))"
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else {
            // A link, and what is no folder, are refused where they are to be written to.
            guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else { throw Unreadable().refusal(path, batch) }
            return nil
        }
        defer { close(folder) }
        for number in 1...mostFiles {
            let name = number == 1 ? "metadata.jsonl" : "metadata-\(number).jsonl"
            let beginning: [UInt8]?
            do throws(Unreadable) {
                beginning = try Self.beginning(of: name, in: folder)
            } catch {
                if error.code == ENOENT { return nil }
                throw error.refusal("\(path)/\(name)", batch)
            }
            guard let beginning else { continue }
            let count = beginning.split(separator: UInt8(ascii: "\n")).count { isOfNightjar($0) }
            guard count > 0 else { continue }
            return DescribedImages(
                file: "\(path)/\(name)", folder: path, count: count, isMore: beginning.count == mostRead)
        }
        return nil
    }

    // MARK: Reading

    /// What the system said last.
    private struct Unreadable: Error {
        let code = errno

        func refusal(_ path: String, _ batch: String) -> Refusal {
            let reason = String(cString: strerror(code)).lowercased()
            return Refusal(
                .cannotWrite,
                "`\(path)` cannot be read: \(reason); it may describe images of the batch `\(batch)`, which the state "
                    + "does not know")
        }
    }

    /// - Returns: At most `mostRead` bytes; `nil` where this is no regular file.
    private static func beginning(of name: String, in folder: Int32) throws(Unreadable) -> [UInt8]? {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw Unreadable() }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        // Not blocking: a pipe may have come in its place.
        let file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { throw Unreadable() }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: mostRead)
        var count = 0
        while count < mostRead {
            let got = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                return read(file, rest.baseAddress, rest.count)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Unreadable() }
            if got == 0 { break }
            count += got
        }
        return Array(bytes[..<count])
    }

    // MARK: Lines

    /// Whether a line has a job's key and its id at the API, as those of Nightjar have.
    private static func isOfNightjar(_ line: some Collection<UInt8>) -> Bool {
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(line)) else { return false }
        return line.key.utf8.count == 32 && line.key.allSatisfy { $0.isHexDigit } && !line.jobID.isEmpty
    }

    private struct Line: Decodable {
        let key: String
        let jobID: String

        private enum CodingKeys: String, CodingKey {
            case key
            case jobID = "job_id"
        }
    }
}
