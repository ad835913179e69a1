import CLibYAML

extension yaml_parser_t {
    /// libyaml's last error in words that tell what to write.
    /// - Parameter end: Where the bytes read so far end.
    func describeError(readTo end: YAMLMark, columnShift: Int) -> YAMLError {
        guard unsafe error != YAML_MEMORY_ERROR else { return YAMLError(.limit, "out of memory", at: end) }
        let problem = unsafe self.problem.map { unsafe String(cString: $0) } ?? "not YAML"
        let context = unsafe self.context.map { unsafe String(cString: $0) }
        let mark = unsafe YAMLMark(problem_mark, columnShift: columnShift)
        let began = unsafe YAMLMark(context_mark, columnShift: columnShift)
        // libyaml stands at the character that it could not take.
        let next: UInt8 = unsafe buffer.pointer < buffer.last ? buffer.pointer.pointee : 0
        if problem == "found unexpected end of stream" || problem == "found unexpected document indicator" {
            return YAMLError(.syntax, "a quotation mark opens here and is never closed", at: began)
        }
        let isAtEnd = unsafe next == 0 && problem_mark.index == self.mark.index
        if isAtEnd, problem.hasPrefix("did not find expected ','"), context != nil {
            let bracket = problem.hasSuffix("']'") ? "[" : "{"
            return YAMLError(.syntax, "`\(bracket)` opens here and is never closed", at: began)
        }
        let (message, hint) = unsafe Self.words(for: problem, context: context, next: next, isAtEnd: isAtEnd)
        guard let context, began.line < mark.line else { return YAMLError(.syntax, message, at: mark, hint: hint) }
        return YAMLError(
            .syntax, message, at: mark, hint: hint, note: unsafe Self.note(for: context), noteMark: began)
    }

    private static func words(for problem: String, context: String?, next: UInt8, isAtEnd: Bool) -> (
        String, hint: String?
    ) {
        let character = next > 0x20 && next < 0x7F ? String(UnicodeScalar(next)) : nil
        switch problem {
        case "found character that cannot start any token":
            if next == 0x09 { return ("a tab cannot indent", "indent with spaces") }
            return ("`\(character ?? "this")` cannot begin a value", "put the text in quotes")
        case "found a tab character that violates indentation",
            "found a tab character where an indentation space is expected":
            return ("a tab cannot indent", "indent with spaces")
        case "mapping values are not allowed in this context":
            return ("a `:` is not expected here", "put text that contains `: ` in quotes, and check the indentation")
        case "could not find expected ':'":
            return ("expected a `:` after the key", "write `key: value`; text of several lines needs quotes or `|`")
        case "did not find expected key":
            return (
                "expected a key here",
                "keys of one mapping begin in the same column; text after a closing quotation mark is not allowed"
            )
        case "did not find expected '-' indicator":
            return ("expected `- ` and another item here", "items of one list begin in the same column")
        case "did not find expected ',' or ']'":
            return ("expected `,` or `]` here", "put text that contains `,`, brackets or braces in quotes")
        case "did not find expected ',' or '}'":
            return ("expected `,` or `}` here", "put text that contains `,`, brackets or braces in quotes")
        case "did not find expected node content":
            return (isAtEnd ? "the file ends where a value is expected" : "expected a value here", nil)
        case "did not find expected alphabetic or numeric character":
            return (
                context?.hasSuffix("alias") == true
                    ? "`*` begins an alias, and this is no name of one"
                    : "`&` begins an anchor, and this is no name of one",
                "put text that begins with `*` or `&` in quotes"
            )
        case "found unknown escape character":
            return ("unknown escape in double quotes", "write `\\\\` for a backslash, or use single quotes")
        case "did not find expected hexdecimal number", "found invalid Unicode character escape code":
            return ("the escape is not a Unicode character", "write `\\u` and four hexadecimal digits")
        case "block sequence entries are not allowed in this context":
            return (
                "a list cannot begin here", "begin it on a line of its own, or put text that begins with `- ` in quotes"
            )
        case "mapping keys are not allowed in this context":
            return ("a key cannot begin here", "put text that begins with `? ` in quotes")
        case "did not find expected <document start>":
            return ("expected the end of the file, or `---`", "the file must be one mapping of `key: value` lines")
        case "found undefined tag handle":
            return ("the tag's prefix is not defined", "put text that begins with `!` in quotes")
        case "found incompatible YAML document":
            return ("this version of YAML is not supported", "write `%YAML 1.2`, or nothing")
        case "found unexpected ':'": return ("a `:` is not expected here", "put the text in quotes")
        default:
            // libyaml's own words serve for the rare rest.
            return (problem.replacingPrefix("did not find expected", with: "expected"), nil)
        }
    }

    private static func note(for context: String) -> String {
        let thing = context.split(separator: " ").drop { ["while", "parsing", "scanning", "for"].contains($0) }
        let name = thing.joined(separator: " ")
        switch name {
        case "a block mapping", "a flow mapping": return "in the mapping that begins here"
        case "a block collection", "a flow sequence": return "in the list that begins here"
        case "a simple key": return "the key begins here"
        default: return "in \(name) that begins here"
        }
    }
}

extension String {
    fileprivate func replacingPrefix(_ prefix: String, with replacement: String) -> String {
        hasPrefix(prefix) ? replacement + dropFirst(prefix.utf8.count) : self
    }
}
