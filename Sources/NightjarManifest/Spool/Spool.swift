/// Bytes that are written once and read several times: in memory while they are few, then in a temporary file.
struct Spool {
    /// Why nothing more can be written or read, in words.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private static let inMemory = 1 << 20
    private var file: TemporaryFile?
    /// Bytes in the file; what is written there never changes.
    private var written = 0
    private var tail: [UInt8] = []

    /// Bytes in all.
    var count: Int { written + tail.count }

    mutating func append(_ bytes: [UInt8]) throws(Failure) {
        tail.append(contentsOf: bytes)
        if tail.count >= Self.inMemory { try flush() }
    }

    /// Fills `buffer` from `offset` on.
    /// - Returns: Bytes read; fewer than asked for only at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        let ofFile = max(0, min(buffer.count, written - offset))
        if let file { try file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<ofFile])) }
        let start = offset + ofFile - written
        guard ofFile < buffer.count, start < tail.count else { return ofFile }
        let more = min(buffer.count - ofFile, tail.count - start)
        tail.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: buffer[ofFile...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + more)]))
        }
        return ofFile + more
    }

    private mutating func flush() throws(Failure) {
        let file: TemporaryFile
        if let known = self.file { file = known } else { file = try TemporaryFile() }
        self.file = file
        do {
            try tail.withUnsafeBytes { try file.write($0, at: written) }
        } catch {
            throw error as? Failure ?? Failure(description: "\(error)")
        }
        written += tail.count
        tail.removeAll(keepingCapacity: true)
    }
}
