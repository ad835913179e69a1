/// Finds in a prompt what the prompt language gives a meaning to: braces, variables, wildcards, comments.
enum PromptSyntax {
    struct Token: Equatable {
        /// As it stands in the prompt.
        var text: String
        /// What it is, for the message.
        var meaning: String
        /// Unicode scalars before it.
        var offset: Int
    }

    /// - Returns: The first; `nil` when the prompt is plain text.
    static func firstToken(in prompt: String) -> Token? {
        var text = prompt
        let place = text.withUTF8 { bytes -> (position: Int, end: Int)? in
            var position = 0
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "#"):
                    let isVariable =
                        position > 0 && bytes[position] == UInt8(ascii: "{")
                        && bytes[position - 1] == UInt8(ascii: "$")
                    return (isVariable ? position - 1 : position, position + 1)
                case UInt8(ascii: "_"):
                    if let end = endOfWildcard(bytes, from: position) { return (position, end) }
                default: break
                }
                position += 1
            }
            return nil
        }
        guard let place else { return nil }
        let start = prompt.utf8.index(prompt.startIndex, offsetBy: place.position)
        let end = prompt.utf8.index(prompt.startIndex, offsetBy: place.end)
        let token = String(prompt[start..<end])
        return Token(
            text: token, meaning: meaning(of: token),
            offset: prompt.unicodeScalars.distance(from: prompt.startIndex, to: start))
    }

    /// `__name__`: a word between double underscores.
    private static func endOfWildcard(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        func isUnderscore(_ position: Int) -> Bool {
            position < bytes.count && bytes[position] == UInt8(ascii: "_")
        }
        guard isUnderscore(start + 1), !isUnderscore(start + 2) else { return nil }
        var position = start + 2
        while position < bytes.count, bytes[position] > 0x20 {
            if position > start + 2, isUnderscore(position), isUnderscore(position + 1) { return position + 2 }
            position += 1
        }
        return nil
    }

    private static func meaning(of token: String) -> String {
        switch token {
        case "${": "begins a variable"
        case "{": "begins a choice"
        case "}": "ends a choice"
        case "#": "begins a comment"
        default: "names a wildcard"
        }
    }
}
