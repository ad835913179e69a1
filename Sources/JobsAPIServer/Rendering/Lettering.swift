import Pictures

/// A text reduced to what an installed font can show, and broken into lines.
struct Lettering {
    /// `nil` when no font is installed.
    let face: Typeface?
    private let words: [String]

    /// What of a prompt is looked at: far more than fits into three lines.
    private static let longest = 600

    init(_ text: String) {
        let start = text.unicodeScalars.prefix(Self.longest)
        let isEastAsian = start.contains { Self.eastAsian.contains($0.value) } && Typeface.eastAsian != nil
        face = isEastAsian ? Typeface.eastAsian : Typeface.standard
        var shown = String.UnicodeScalarView()
        for scalar in start {
            if scalar.properties.isWhitespace {
                shown.append(" ")
            } else if Self.isCovered(scalar) || isEastAsian && Self.eastAsian.contains(scalar.value) {
                shown.append(scalar)
            }
        }
        if text.unicodeScalars.count > Self.longest { shown.append("…") }
        words = String(shown).split(separator: " ").map(Self.inVisualOrder)
    }

    private static let eastAsian: ClosedRange<UInt32> = 0x2E80...0xFFEF

    /// Whether DejaVu Sans, or a font like it, has the character: European scripts, Hebrew, Arabic, signs; an empty box
    /// says less than nothing.
    private static func isCovered(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: false
        case 0x20...0x6FF, 0x10A0...0x10FF, 0x1D00...0x2BFF: scalar.properties.generalCategory != .control
        default: false
        }
    }

    /// libgd draws from left to right, whatever the script.
    private static func inVisualOrder(_ word: Substring) -> String {
        let isRightToLeft = word.unicodeScalars.contains { (0x590...0x6FF).contains($0.value) }
        return isRightToLeft ? String(word.reversed()) : String(word)
    }

    /// - Parameters:
    ///   - width: Pixels that a line may take.
    ///   - lastWidth: The same for the last line of all, which shares its room.
    ///   - lines: The most lines; what does not fit ends in `…`.
    func wrapped(_ style: TextStyle, width: Double, lastWidth: Double, lines most: Int) -> [String] {
        let space = style.width(of: "n n") - style.width(of: "nn")
        var rest = words[...]
        var lines: [String] = []
        while !rest.isEmpty, lines.count < most {
            let room = lines.count == most - 1 ? lastWidth : width
            var line = ""
            var used = 0.0
            while let word = rest.first {
                let wide = style.width(of: word)
                if !line.isEmpty, used + space + wide > room { break }
                if line.isEmpty, wide > room {
                    let head = fitting(word, style, room)
                    rest[rest.startIndex] = String(word.dropFirst(head.count))
                    line = head
                    break
                }
                used += wide + (line.isEmpty ? 0 : space)
                line += line.isEmpty ? word : " " + word
                rest.removeFirst()
            }
            lines.append(line)
        }
        // A short text may end beside the seed's place without having been the last line by number.
        if rest.isEmpty, let last = lines.last, style.width(of: last) > lastWidth, lines.count < most {
            let broken = breakInTwo(last)
            lines.removeLast()
            lines += broken
        } else if !rest.isEmpty, let last = lines.popLast() {
            lines.append(fitting(last, style, lastWidth, with: "…") + "…")
        }
        return lines
    }

    private func breakInTwo(_ line: String) -> [String] {
        guard let space = line.lastIndex(of: " ") else { return [line] }
        return [String(line[..<space]), String(line[line.index(after: space)...])]
    }

    /// The longest beginning of `word` that fits into `room`, at least one character.
    private func fitting(_ word: String, _ style: TextStyle, _ room: Double, with ending: String = "") -> String {
        var (least, most) = (1, word.count)
        while least < most {
            let middle = (least + most + 1) / 2
            if style.width(of: word.prefix(middle) + ending) <= room { least = middle } else { most = middle - 1 }
        }
        return String(word.prefix(least))
    }
}
