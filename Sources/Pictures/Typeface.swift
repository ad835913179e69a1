import CLibGD
import Glibc

/// A font file on this machine.
package struct Typeface: Hashable, Sendable {
    package let path: String

    /// Looks for `path`.
    package init?(path: String) {
        guard access(path, R_OK) == 0 else { return nil }
        self.path = path
        _ = Self.cacheIsSetUp
    }

    /// The first of the usual fonts that is installed.
    package static let standard = firstInstalled([
        "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
        "/usr/share/fonts/dejavu/DejaVuSans.ttf", "/usr/share/fonts/TTF/DejaVuSans.ttf",
        "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
        "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    ])

    /// The first of the usual fonts for Chinese, Japanese and Korean that is installed.
    package static let eastAsian = firstInstalled([
        "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
        "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
        "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    ])

    private static func firstInstalled(_ paths: [String]) -> Typeface? {
        for path in paths {
            if let face = Typeface(path: path) { return face }
        }
        return nil
    }

    /// Before the first text is drawn, once: after it, libgd guards its fonts with a lock of its own.
    private static let cacheIsSetUp: Bool = gdFontCacheSetup() == 0
}
