/// A name in a folder: bytes, which need not be text.
package struct FileName: Hashable, Sendable, Comparable {
    /// Neither empty nor holding a `/` or a 0.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// `nil` where it is not UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// The name as text, with `%NN` for each byte that is not part of a character of UTF-8.
    package var printable: String {
        if let text { return text }
        var printable = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = (1...4).first { count in
                rest.count >= count && String(validating: rest.prefix(count), as: UTF8.self) != nil
            }
            if let length {
                printable += String(decoding: rest.prefix(length), as: UTF8.self)
            } else {
                printable += "%" + (first < 16 ? "0" : "") + String(first, radix: 16, uppercase: true)
            }
            rest = rest.dropFirst(length ?? 1)
        }
        return printable
    }

    /// With the 0 that ends it for the system.
    var cString: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    package static func < (left: FileName, right: FileName) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
