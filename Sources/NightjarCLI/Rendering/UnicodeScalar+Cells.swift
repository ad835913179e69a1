extension Unicode.Scalar {
    /// Terminal cells, as `wcwidth` counts them.
    var cells: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        case .format: return isShownFormat ? 1 : 0
        default: break
        }
        // The vowels and finals of Hangul join the consonant before them.
        if (0x1160...0x11FF).contains(value) { return 0 }
        return isWide ? 2 : 1
    }

    /// What stands for this scalar where nothing but printing is wanted.
    var visible: Unicode.Scalar {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x85, 0x2028, 0x2029: " "
        case ..<0x20: Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}"
        case 0x7F: "\u{2421}"
        case 0x80...0x9F: "\u{FFFD}"
        // Marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX #9).
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: "\u{FFFD}"
        default: self
        }
    }

    /// Format characters with a shape of their own, such as the Arabic number signs.
    private var isShownFormat: Bool {
        switch value {
        case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0xE0001...0xE007F: false
        default: true
        }
    }

    /// Wide or fullwidth in EastAsianWidth.txt (Unicode 16), and all pictographs.
    private var isWide: Bool {
        switch value {
        case ..<0x1100: false
        case 0x1100...0x115F, 0x2329...0x232A, 0x2630...0x2637, 0x268A...0x268F: true
        case 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3: true
        case 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60, 0xFFE0...0xFFE6: true
        case 0x16FE0...0x1B2FB, 0x1D300...0x1D376, 0x1F200...0x1F265, 0x1F300...0x1FAFF: true
        case 0x20000...0x3FFFD: true
        // The two letters of a flag are one cell each.
        case 0x1F1E6...0x1F1FF: false
        default: properties.isEmojiPresentation
        }
    }
}
