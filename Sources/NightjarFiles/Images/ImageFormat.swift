/// The image formats that Nightjar keeps, told by their first bytes; what a server calls them does not count.
enum ImageFormat: String, CaseIterable {
    case png = "PNG"
    case jpeg = "JPEG"
    case webp = "WebP"
    case gif = "GIF"
    case avif = "AVIF"

    /// As many first bytes as `init(head:)` looks at.
    static let headLength = 64

    /// Without the dot.
    var fileExtension: String {
        switch self {
        case .png: "png"
        case .jpeg: "jpg"
        case .webp: "webp"
        case .gif: "gif"
        case .avif: "avif"
        }
    }

    /// - Parameter head: The file's beginning: `headLength` bytes, fewer only if it is shorter.
    /// - Returns: `nil` when it is none of these formats.
    init?(head: [UInt8]) {
        func text(_ range: Range<Int>) -> String? {
            range.upperBound <= head.count ? String(decoding: head[range], as: UTF8.self) : nil
        }
        if head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if head.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if text(0..<4) == "RIFF", text(8..<12) == "WEBP" {
            self = .webp
        } else if text(0..<6) == "GIF87a" || text(0..<6) == "GIF89a" {
            self = .gif
        } else if text(4..<8) == "ftyp", Self.brands(of: head).contains(where: { $0 == "avif" || $0 == "avis" }) {
            self = .avif
        } else {
            return nil
        }
    }

    /// The major brand of an ISO file, then those it is compatible with.
    private static func brands(of head: [UInt8]) -> [String] {
        let boxLength = head.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        let starts = [8] + Array(stride(from: 16, through: max(16, min(boxLength, head.count) - 4), by: 4))
        return starts.filter { $0 + 4 <= head.count }.map { String(decoding: head[$0..<($0 + 4)], as: UTF8.self) }
    }
}

/// Says what something is that should have been an image. It is not quoted: a server may echo the key.
/// - Parameter head: Its beginning.
func describe(notAnImage head: [UInt8]) -> String {
    let known = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")
    let text = head.drop { [0x09, 0x0A, 0x0D, 0x20, 0xEF, 0xBB, 0xBF].contains($0) }
    guard let first = text.first else { return "the answer is empty" }
    switch first {
    case UInt8(ascii: "<"): return "it is not an image (\(known)) but a page of HTML or XML"
    case UInt8(ascii: "{"), UInt8(ascii: "["): return "it is not an image (\(known)) but JSON"
    default: return "it is none of the formats \(known)"
    }
}
