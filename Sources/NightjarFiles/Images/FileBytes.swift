internal import Glibc

/// What is wrong with an image.
enum ImageFlaw: Error, Equatable {
    /// In words that follow "the PNG".
    case broken(String)
    /// The disk's fault, not the image's.
    case unreadable(SystemError)
}

/// The bytes of an open file, read where they are asked for through a window of 64 KiB.
struct FileBytes {
    private let descriptor: Int32
    let count: Int64
    private var window: [UInt8] = []
    private var windowStart: Int64 = 0

    private static let windowSize = 65536

    init(descriptor: Int32, count: Int64) {
        self.descriptor = descriptor
        self.count = count
    }

    /// - Throws: `broken` where the file ends before.
    mutating func bytes(at offset: Int64, _ length: Int) throws(ImageFlaw) -> ArraySlice<UInt8> {
        guard offset >= 0, length <= Self.windowSize, offset <= count - Int64(length) else {
            throw .broken("is cut off: it ends after \(count) bytes")
        }
        if offset < windowStart || offset + Int64(length) > windowStart + Int64(window.count) {
            try load(at: offset)
        }
        let start = Int(offset - windowStart)
        guard start + length <= window.count else { throw .broken("is cut off: it ends after \(count) bytes") }
        return window[start..<(start + length)]
    }

    mutating func byte(at offset: Int64) throws(ImageFlaw) -> UInt8 {
        try bytes(at: offset, 1).first ?? 0
    }

    /// A number of up to 4 bytes, most significant first.
    mutating func bigEndian(at offset: Int64, _ length: Int) throws(ImageFlaw) -> Int {
        try bytes(at: offset, length).reduce(0) { $0 << 8 | Int($1) }
    }

    /// A number of up to 4 bytes, least significant first.
    mutating func littleEndian(at offset: Int64, _ length: Int) throws(ImageFlaw) -> Int {
        try bytes(at: offset, length).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// Four letters, as PNG, RIFF and ISO files name their parts.
    mutating func name(at offset: Int64) throws(ImageFlaw) -> String {
        String(decoding: try bytes(at: offset, 4), as: UTF8.self)
    }

    /// Where `byte` comes next.
    /// - Throws: `broken` where it does not.
    mutating func position(of byte: UInt8, from offset: Int64) throws(ImageFlaw) -> Int64 {
        var offset = offset
        while true {
            _ = try self.byte(at: offset)
            let start = Int(offset - windowStart)
            let found: Int? = window.withUnsafeBytes { bytes in
                guard let base = bytes.baseAddress,
                    let hit = memchr(base + start, Int32(byte), bytes.count - start)
                else { return nil }
                return UnsafeRawPointer(hit) - base
            }
            if let found { return windowStart + Int64(found) }
            offset = windowStart + Int64(window.count)
        }
    }

    /// Calls `body` for one piece after another of a range.
    /// - Throws: `broken` where the file ends before.
    mutating func forEachPiece(
        of range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(ImageFlaw) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            _ = try byte(at: offset)
            let start = Int(offset - windowStart)
            let end = Int(min(Int64(window.count), range.upperBound - windowStart))
            window.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            offset = windowStart + Int64(end)
        }
    }

    private mutating func load(at offset: Int64) throws(ImageFlaw) {
        do {
            let length = try retrying { () -> Int in
                var count = 0
                window = [UInt8](unsafeUninitializedCapacity: Self.windowSize) { buffer, initialized in
                    count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
                    initialized = max(count, 0)
                }
                return count
            }
            windowStart = offset
            if length == 0 { window = [] }
        } catch {
            throw .unreadable(error)
        }
    }
}
