import Foundation
import Testing

/// Real images of 13×7 px, as libgd, libwebp and libavif write them.
struct Fixture: CustomTestStringConvertible {
    var name: String
    var ext: String
    var bytes: [UInt8]

    var testDescription: String { name }

    init(_ name: String, _ ext: String, _ base64: String) {
        self.name = name
        self.ext = ext
        bytes = Array(Data(base64Encoded: base64, options: .ignoreUnknownCharacters) ?? Data())
    }

    static let png = Fixture(
        "png", "png",
        """
        iVBORw0KGgoAAAANSUhEUgAAAA0AAAAHCAIAAABcElBNAAAACXBIWXMAAA7EAAAOxAGVKw4bAAAAG0lEQVQYlWM0Dl3FgAHOrg5D
        E2HCVIQVDBd1ACUHAw4AKVu4AAAAAElFTkSuQmCC
        """)
    static let baselineJPEG = Fixture(
        "baselineJPEG", "jpg",
        """
        /9j/4AAQSkZJRgABAQEAYABgAAD//gA7Q1JFQVRPUjogZ2QtanBlZyB2MS4wICh1c2luZyBJSkcgSlBFRyB2NjIpLCBxdWFsaXR5
        ID0gNDAK/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8
        /9sAQwEVFxceGh47ISE7fFNGU3x8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8/8AAEQgA
        BwANAwEiAAIRAQMRAf/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUS
        ITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0
        dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX2
        9/j5+v/EAB8BAAMBAQEBAQEBAQEAAAAAAAABAgMEBQYHCAkKC//EALURAAIBAgQEAwQHBQQEAAECdwABAgMRBAUhMQYSQVEHYXET
        IjKBCBRCkaGxwQkjM1LwFWJy0QoWJDThJfEXGBkaJicoKSo1Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoKD
        hIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uLj5OXm5+jp6vLz9PX29/j5+v/aAAwD
        AQACEQMRAD8Ayrj/AI9pf9w/yrBooror7ozp7H//2Q==
        """)
    static let progressiveJPEG = Fixture(
        "progressiveJPEG", "jpg",
        """
        /9j/4AAQSkZJRgABAQEAYABgAAD//gA7Q1JFQVRPUjogZ2QtanBlZyB2MS4wICh1c2luZyBJSkcgSlBFRyB2NjIpLCBxdWFsaXR5
        ID0gNDAK/9sAQwAUDg8SDw0UEhASFxUUGB4yIR4cHB49LC4kMklATEtHQEZFUFpzYlBVbVZFRmSIZW13e4GCgU5gjZeMfZZzfoF8
        /9sAQwEVFxceGh47ISE7fFNGU3x8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8/8IAEQgA
        BwANAwEiAAIRAQMRAf/EABUAAQEAAAAAAAAAAAAAAAAAAAAE/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgP/2gAMAwEAAhADEAAAAZIC
        h//EABYQAAMAAAAAAAAAAAAAAAAAAAACMv/aAAgBAQABBQJpP//EABURAQEAAAAAAAAAAAAAAAAAAAAC/9oACAEDAQE/AZf/xAAV
        EQEBAAAAAAAAAAAAAAAAAAAAAv/aAAgBAgEBPwG3/8QAFRABAQAAAAAAAAAAAAAAAAAAARD/2gAIAQEABj8CZ//EABUQAQEAAAAA
        AAAAAAAAAAAAABCh/9oACAEBAAE/IYD/2gAMAwEAAgADAAAAEPP/xAAVEQEBAAAAAAAAAAAAAAAAAAAAMf/aAAgBAwEBPxCH/8QA
        FhEAAwAAAAAAAAAAAAAAAAAAAAEx/9oACAECAQE/ELR//8QAFhAAAwAAAAAAAAAAAAAAAAAAEKGx/9oACAEBAAE/EG8H/9k=
        """)
    static let lossyWebP = Fixture(
        "lossyWebP", "webp",
        """
        UklGRkAAAABXRUJQVlA4IDQAAADQAQCdASoNAAcABUB8JZgC7AEOuzQtAAD+zgQroAO5d5Ad4SIxJfqMjb73aQO4eS00XYAA
        """)
    static let losslessWebP = Fixture(
        "losslessWebP", "webp",
        """
        UklGRjgAAABXRUJQVlA4TCsAAAAvDIABAJkyRPQ/NhHR/4CZtm2MpPx5dts1AAMhEEiC2J9iwJgA0ujqgPMDAA==
        """)
    static let extendedWebP = Fixture(
        "extendedWebP", "webp",
        """
        UklGRqIAAABXRUJQVlA4WAoAAAAQAAAADAAABgAAQUxQSBkAAAABmYzof4AsG4nitkM8f4SfHiBiAiaAmnMGAFZQOCBiAAAAEAIA
        nQEqDQAHAAQAaCWUAuwA+xMjVj4AgAD9UnocEumBIA0+vwx/nJWfgFlme68c5nHRDDa74DwR2MF/TZQyEQGZVtzxUMzfZOxRdK+v
        NjZPMHP34296RMi4LoCTl8IAAAA=
        """)
    static let gif = Fixture(
        "gif", "gif",
        """
        R0lGODdhDQAHAIAAAAQCBDRWrCwAAAAADQAHAAACD4wfoIu33NIDUb46acx4FgA7
        """)
    static let avif = Fixture(
        "avif", "avif",
        """
        AAAAIGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZk1BMUIAAADybWV0YQAAAAAAAAAoaGRscgAAAAAAAAAAcGljdAAAAAAAAAAAAAAA
        AGxpYmF2aWYAAAAADnBpdG0AAAAAAAEAAAAeaWxvYwAAAABEAAABAAEAAAABAAABGgAAACAAAAAoaWluZgAAAAAAAQAAABppbmZl
        AgAAAAABAABhdjAxQ29sb3IAAAAAamlwcnAAAABLaXBjbwAAABRpc3BlAAAAAAAAAA0AAAAHAAAAEHBpeGkAAAAAAwgICAAAAAxh
        djFDgQAMAAAAABNjb2xybmNseAABAA0AAYAAAAAXaXBtYQAAAAAAAAABAAEEAQKDBAAAAChtZGF0EgAKCBgMs3JAQ0BhMhIXgAAA
        QEBaGbeu9VqZ0Lm0/3k=
        """)

    static let all = [png, baselineJPEG, progressiveJPEG, lossyWebP, losslessWebP, extendedWebP, gif, avif]
}
