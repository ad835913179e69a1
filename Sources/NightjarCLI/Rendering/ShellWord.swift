/// A word of a command as a shell reads it back.
package enum ShellWord {
    /// - Returns: `text` itself where a shell takes it as one plain word, otherwise in quotes.
    package static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ":"),
                    UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "%"), UInt8(ascii: ","):
                    true
                default: byte >= 0x80
                }
            }
        return isPlain ? text : "'\(text.replacing("'", with: #"'\''"#))'"
    }
}
