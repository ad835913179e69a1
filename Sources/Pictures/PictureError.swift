/// Why a picture could not be made, read or written.
package enum PictureError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No memory, or no such size.
    case cannotCreate(PixelSize)
    /// None of the known formats.
    case unknownFormat
    /// Begins like a picture of this format, and is broken or cut off.
    case unreadable(PictureFormat)
    /// More pixels than asked for at most; nothing was decoded.
    case tooLarge(PixelSize)
    case cannotEncode(PictureFormat)

    package var description: String {
        switch self {
        case .cannotCreate(let size): "a picture of \(size) px cannot be made"
        case .unknownFormat: "this is no picture (PNG, JPEG, WebP or GIF)"
        case .unreadable(let format): "the \(format) is broken or cut off"
        case .tooLarge(let size): "the picture is too large to decode: \(size) px"
        case .cannotEncode(let format): "the picture cannot be encoded as \(format)"
        }
    }
}
