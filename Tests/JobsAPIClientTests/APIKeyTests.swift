import Testing

@testable import JobsAPIClient

struct APIKeyTests {
    @Test(arguments: ["", " ", "a b", "a\n", "\tkey", "kéy", "key\u{0}", "key\r\nX-Evil: 1", "\u{7F}"])
    func `a text that could break a header is no key`(text: String) {
        #expect(APIKey(text) == nil)
    }

    @Test(arguments: [
        ("", ""), ("nothing", "nothing"), ("abcabc", "[key][key]"), ("xabcx", "x[key]x"), ("abc", "[key]"),
        ("abab", "abab"), ("Bearer abc!", "Bearer [key]!"), ("ABC", "ABC"), ("abc\u{301}", "[key]\u{301}"),
        ("abc\r\nabc", "[key]\r\n[key]"),
    ])
    func `a text is told without the key`(text: String, told: String) throws {
        // By bytes: `\r\n` and combining marks are not to be compared as characters.
        #expect(Array(try #require(APIKey("abc")).redacted(text).utf8) == Array(told.utf8))
    }

    @Test(arguments: [
        ("ABC", "[key]"), ("xAbCx", "x[key]x"), ("É aBc É", "É [key] É"), ("ab", "ab"), ("@[C", "@[C"),
    ])
    func `words are told without the key in upper or lower case`(text: String, told: String) throws {
        for key in ["abc", "ABC", "aBc"] {
            #expect(try #require(APIKey(key)).redacted(text, ignoringCase: true) == told)
        }
    }

    @Test func `a key that overlaps itself is struck out where it is first`() throws {
        #expect(try #require(APIKey("aba")).redacted("ababa") == "[key]ba")
    }

    @Test(arguments: [
        #"a/b+c="\x"#, #"a\/b+c=\"\\x"#, #"a/b+c=\"\\x"#, "a%2Fb%2Bc%3D%22%5Cx", "a%2fb%2bc%3d%22%5cx",
    ])
    func `the spellings of URLs and JSON are struck out too`(text: String) throws {
        #expect(try #require(APIKey(#"a/b+c="\x"#)).redacted("<\(text)>") == "<[key]>")
    }

    @Test func `a key of two letters is left, as it would be found everywhere`() throws {
        #expect(try #require(APIKey("ab")).redacted("abroad") == "abroad")
    }

    @Test func `no way of printing tells the key`() throws {
        let key = try #require(APIKey(testKey))
        var dumped = ""
        dump(key, to: &dumped)
        let settings = ClientSettings(baseURL: "http://x", key: key)
        dump(settings, to: &dumped)
        let texts = [
            "\(key)", String(describing: key), String(reflecting: key), key.description, key.debugDescription, dumped,
            "\(settings)", String(reflecting: settings), "\([key])", "\(key as Any)", "\(Optional(key) as Any)",
            "\(Mirror(reflecting: key).children.map { $0 })",
        ]
        for text in texts { #expect(!text.contains("0123")) }
        #expect(key.authorization == "Bearer \(testKey)")
    }
}
