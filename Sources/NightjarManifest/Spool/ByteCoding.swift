/// Values one after another, little-endian and unaligned, for reading in the same process.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    var count: Int { bytes.count }

    /// Overwrites what is there.
    mutating func replace(at position: Int, with value: UInt32) {
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: position, as: UInt32.self) }
    }

    mutating func removeFirst(_ count: Int) { bytes.removeSubrange(..<count) }

    mutating func add(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add($0) }
    }

    mutating func add(_ utf8: UnsafeBufferPointer<UInt8>) {
        add(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }

    mutating func add<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        add(UInt8(value == nil ? 0 : 1))
        if let value { write(&self, value) }
    }
}

/// Reads what a `ByteWriter` wrote.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var position: Int

    init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
        let value = bytes.loadUnaligned(fromByteOffset: position, as: Value.self)
        position += MemoryLayout<Value>.size
        return Value(littleEndian: value)
    }

    mutating func text() -> String {
        let count = Int(integer(UInt32.self))
        defer { position += count }
        return String(
            decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)]), as: UTF8.self)
    }

    mutating func optional<Value>(_ read: (inout ByteReader) -> Value) -> Value? {
        integer(UInt8.self) == 0 ? nil : read(&self)
    }
}
