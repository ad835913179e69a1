/// Names of files and folders that any text can be made into.
package enum SafePathComponent {
    /// A value that goes into a component: separators and control characters become `_`.
    package static func inner(_ value: String) -> String {
        var safe = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            let isUnsafe = scalar == "/" || scalar == "\\" || scalar.properties.generalCategory == .control
            safe.append(isUnsafe ? "_" : scalar)
        }
        return String(safe)
    }

    /// A whole component: not empty, not hidden (so neither `..` nor the state's folder), at most `limit` bytes of UTF-8.
    package static func make(_ text: String, limit: Int) -> String {
        var name = inner(text)
        // A scalar, not a character: a mark after the dot would hide it.
        if name.unicodeScalars.first == "." { name = "_" + String(name.unicodeScalars.dropFirst()) }
        if name.utf8.count > limit {
            var end = name.startIndex
            var bytes = 0
            while end < name.endIndex {
                bytes += name[end].utf8.count
                if bytes > limit { break }
                end = name.index(after: end)
            }
            name = String(name[..<end])
        }
        return name.isEmpty ? "_" : name
    }
}

/// The part of a file's name that tells people what is in it.
package enum Slug {
    /// Lower case; letters, marks and digits of any script; a hyphen for everything between; at most 60 characters.
    /// - Returns: `image` where nothing is left.
    package static func make(_ prompt: String) -> String {
        var slug = ""
        var count = 0
        var gap = false
        for character in prompt {
            if count == 60 { break }
            guard character.isLetter || character.isNumber else {
                gap = count > 0
                continue
            }
            if gap {
                if count == 59 { break }
                slug += "-"
                count += 1
                gap = false
            }
            slug += character.lowercased()
            count += 1
        }
        return slug.isEmpty ? "image" : slug
    }
}
