import Testing

/// A PNG taken apart, to be put together otherwise.
struct PNGParts {
    struct Chunk: Equatable {
        var type: String
        var data: [UInt8]
        /// `nil`: the right one.
        var checksum: UInt32?

        init(_ type: String, _ data: [UInt8] = [], checksum: UInt32? = nil) {
            self.type = type
            self.data = data
            self.checksum = checksum
        }

        var bytes: [UInt8] {
            let body = Array(type.utf8) + data
            return bigEndian(UInt32(data.count)) + body + bigEndian(checksum ?? crc32(of: body))
        }
    }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    var chunks: [Chunk] = []

    init(_ bytes: [UInt8]) {
        var rest = bytes.dropFirst(8)
        while rest.count >= 12 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let type = String(decoding: rest.dropFirst(4).prefix(4), as: UTF8.self)
            chunks.append(Chunk(type, Array(rest.dropFirst(8).prefix(length))))
            rest = rest.dropFirst(12 + length)
        }
    }

    var bytes: [UInt8] { Self.signature + chunks.flatMap(\.bytes) }

    /// Where each chunk begins, and where the last one ends.
    var boundaries: [Int] {
        chunks.reduce(into: [8]) { $0.append(($0.last ?? 0) + $1.bytes.count) }
    }

    func index(of type: String) throws -> Int {
        try #require(chunks.firstIndex { $0.type == type })
    }

    func with(_ change: (inout [Chunk]) throws -> Void) rethrows -> [UInt8] {
        var copy = self
        try change(&copy.chunks)
        return copy.bytes
    }
}

func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
}

/// Bit by bit, so that it shares nothing with what it checks.
func crc32(of bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}
