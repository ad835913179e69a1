import NightjarCore

/// The lines of a text file, one after another; memory does not grow with the file.
struct LineReader {
    /// What makes a file unusable, and on which line.
    struct Failure: Error {
        var message: String
        var line: Int
        var column = 1
        var hint: String?
        var isUnreadable = false
    }

    private let file: RegularFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    private var filled = 0
    private var position = 0
    private var isAtEnd = false
    private var isAtStart = true
    /// Of the line that was read last, from 1.
    private(set) var line = 0

    init(_ file: RegularFile) {
        self.file = file
    }

    /// The next line without its end (LF, CR LF or CR LF missing at the end of the file).
    /// - Returns: `nil` at the end.
    mutating func next() throws(Failure) -> String? {
        guard let bytes = try nextBytes() else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(message: "the line is not UTF-8", line: line, hint: "save the file as UTF-8")
        }
        return text
    }

    /// The next line as bytes, checked for what no text holds.
    mutating func nextBytes() throws(Failure) -> ArraySlice<UInt8>? {
        var searched = 0
        while true {
            if let end = buffer[(position + searched)..<filled].firstIndex(of: 0x0A) {
                return try take(to: end, next: end + 1)
            }
            searched = filled - position
            guard searched <= Schema.longestLine else {
                throw Failure(message: "the line is longer than \(Schema.longestLine) bytes", line: line + 1)
            }
            if isAtEnd {
                guard searched > 0 else { return nil }
                return try take(to: filled, next: filled)
            }
            try fill()
        }
    }

    private mutating func take(to end: Int, next: Int) throws(Failure) -> ArraySlice<UInt8> {
        line += 1
        var slice = buffer[position..<end]
        position = next
        guard slice.count <= Schema.longestLine else {
            throw Failure(message: "the line is longer than \(Schema.longestLine) bytes", line: line)
        }
        if slice.last == 0x0D { slice.removeLast() }
        if isAtStart {
            isAtStart = false
            if slice.starts(with: [0xEF, 0xBB, 0xBF]) { slice = slice.dropFirst(3) }
            if slice.starts(with: [0xFF, 0xFE]) || slice.starts(with: [0xFE, 0xFF]) {
                throw Failure(message: "the file is UTF-16", line: line, hint: "save it as UTF-8")
            }
        }
        if slice.contains(0) { throw Failure(message: "a NUL byte: this is not a text file", line: line) }
        return slice
    }

    private mutating func fill() throws(Failure) {
        buffer.removeSubrange(0..<position)
        filled -= position
        position = 0
        if buffer.count - filled < 1 << 15 { buffer.append(contentsOf: repeatElement(0, count: 1 << 16)) }
        do {
            let count = try buffer.withUnsafeMutableBytes {
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            filled += count
            isAtEnd = count == 0
        } catch {
            throw Failure(message: "the file cannot be read on: \(error)", line: line + 1, isUnreadable: true)
        }
    }
}
