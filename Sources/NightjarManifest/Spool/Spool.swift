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
    private var tail = ByteWriter()

    /// Bytes in all.
    var count: Int { written + tail.count }

    /// Appends a record, with its length in 32 bits before it.
    mutating func append(_ write: (inout ByteWriter) -> Void) throws(Failure) {
        let start = tail.count
        tail.add(UInt32(0))
        write(&tail)
        tail.replace(at: start, with: UInt32(tail.count - start - 4))
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
        tail.bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: buffer[ofFile...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + more)]))
        }
        return ofFile + more
    }

    /// Writes whole pages: the system fills up what is less.
    private mutating func flush() throws(Failure) {
        let file: TemporaryFile
        if let known = self.file { file = known } else { file = try TemporaryFile() }
        self.file = file
        let count = tail.count & ~4095
        do {
            try tail.bytes.withUnsafeBytes {
                try file.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: written)
            }
        } catch {
            throw error as? Failure ?? Failure(description: "\(error)")
        }
        written += count
        tail.removeFirst(count)
    }
}
