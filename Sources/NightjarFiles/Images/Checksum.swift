internal import CZlib

/// The CRC-32 of PNG and zlib (ISO 3309), over any number of pieces.
struct Checksum {
    private var crc: UInt = 0

    var value: UInt32 { UInt32(truncatingIfNeeded: crc) }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        crc = crc32_z(crc, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
}

/// Eight lower-case digits.
func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
}
