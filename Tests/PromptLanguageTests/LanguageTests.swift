import PromptLanguage
import Testing

@Suite struct LanguageTests {
    @Test(arguments: [
        "100%", "$5", "a lone __ here", "____", "50% off, $5 each", "${}", "${1x}", "${a b}", "tab\there", " lead",
        "x\r\n",
        "${x=a}", "a | b", "(fox:1.2)", "a//b", "é and e\u{301}", "\u{FEFF}bom", "{", "}",
    ])
    func `what has no meaning stands for itself`(_ text: String) throws {
        guard text != "{" else {
            #expect(failure(text)?.kind == .unbalanced)
            return
        }
        let ours = try expanded(text)
        #expect(ours.map { Array($0.utf8) } == [Array(text.utf8)])
    }

    @Test(arguments: [
        ("plain text, 100% of it for $5", true), ("one_word", true), ("a__b", false), ("{", false), ("}", false),
        ("#", false), ("  // x", false), ("/* x", false), ("a // x", true), ("", true), ("12345678__", false),
        ("1234567__", false), ("_", true), ("1234567_", true), ("€€€€€€€€€", true), ("aaaaaaaaaaaaaaaaaaa{", false),
    ])
    func `plain text is told from templates`(_ text: String, _ isPlain: Bool) {
        #expect(PromptTemplate.isPlain(text) == isPlain)
    }

    @Test func `a value of the manifest is text, whatever stands in it`() throws {
        let variables = ["v": "{a|b} __w__ # $x\t", "empty": ""]
        #expect(
            try expanded("<${v}>{1|2}${empty}", [:], variables) == ["<{a|b} __w__ # $x\t>1", "<{a|b} __w__ # $x\t>2"])
        #expect(try expanded("${v:default}", [:], variables) == ["{a|b} __w__ # $x\t"])
        #expect(try expanded("${v=own}${v}", [:], variables) == ["own"])
        #expect(try expanded("${v?=own}${v}", [:], variables) == ["{a|b} __w__ # $x\t"])
        #expect(try expansion(of: "${v} __w__", ["w": ["${empty}"]], variables).usedVariables == ["v", "empty"])
    }

    @Test func `many variables keep apart`() throws {
        let variables = Dictionary(
            uniqueKeysWithValues: (0..<60).map { ("v-\(String(repeating: "i", count: $0))", "<\($0)>") })
        let names = variables.keys.sorted()
        let text = names.map { "${\($0)}" }.joined()
        #expect(try expanded(text, [:], variables) == [names.map { variables[$0] ?? "" }.joined()])
    }

    @Test func `a value that names a wildcard must be known`() throws {
        let template = try PromptTemplate(parsing: "a __${kind}__")
        #expect(template.variables.map(\.isInWildcardName) == [true])
        let source = library(["cat": ["tom"], "dog": ["rex"]])
        let known = try PromptExpansion(template, wildcards: source, variables: [], knownValues: ["kind": "dog"])
        #expect(known.text(at: 0) { _ in nil } == "a rex")
        #expect(failure("a __${kind}__", ["cat": ["tom"]], ["kind": "cat"])?.kind == .variableInWildcardName)
    }

    @Test(
        arguments: [
            ("a # b", 2), ("ä # b", 2), ("{a|b} // c", 6), ("/* x */a", 0), ("a // b", nil), ("{2$$-#-$$a|b}", nil),
            ("plain", nil), ("__ # x", 3), ("{a # b\n|c}", 3),
        ] as [(String, Int?)])
    func `a template says where a comment cuts`(_ text: String, _ offset: Int?) throws {
        #expect(try PromptTemplate(parsing: text).commentOffset == offset)
    }

    @Test func `a template says which variables it needs, and where`() throws {
        let template = try PromptTemplate(parsing: "ä ${a} {${b:x}|${c}} ${c=1} #${d}")
        #expect(template.variables.map(\.name) == ["a", "b"])
        #expect(template.variables.map(\.offset) == [2, 8])
        #expect(template.variables.map(\.length) == [4, 6])
        #expect(template.variables.map(\.hasDefault) == [false, true])
        #expect(try PromptTemplate(parsing: "a} b").strayBraceOffset == 1)
        #expect(try PromptTemplate(parsing: "{a} b").strayBraceOffset == nil)
    }
}

@Suite struct ErrorTests {
    @Test(arguments: [
        ("ä {a|b", PromptError.Kind.unbalanced, 2, 1, "`{` is not closed"),
        ("{a|{b}", .unbalanced, 0, 1, "`{` is not closed"), ("${x:{a}", .unbalanced, 0, 2, "`${` is not closed"),
        ("%{a", .unbalanced, 0, 2, "`%{` is not closed"), ("{a # }", .unbalanced, 0, 1, "`{` is not closed"),
        ("ä __animls__", .unknownWildcard, 2, 10, "unknown wildcard `animls`"),
        ("{a|__zzz__}", .unknownWildcard, 3, 7, "unknown wildcard `zzz`"),
        ("x __none__", .emptyWildcard, 2, 8, "wildcard `none` has no values"),
        ("__ring__ x", .cycle, 0, 8, "`__ring__` needs itself: `__ring__` → `__back__` → `__ring__`"),
        ("${a=${b}}${b=x${a}}${a}", .cycle, 14, 4, "`${a}` needs itself: `${a}` → `${b}` → `${a}`"),
        ("x ${colour}", .undefinedVariable, 2, 9, "variable `colour` has no value"),
        ("x __lost__", .undefinedVariable, 2, 8, "variable `nowhere` has no value"),
        ("__broken__", .invalidWildcardValue, 0, 10, "value `{oops` of `__broken__`: `{` is not closed"),
    ])
    func `an error names its place`(
        _ text: String, _ kind: PromptError.Kind, _ offset: Int, _ length: Int, _ message: String
    ) throws {
        let wildcards = [
            "animals": ["fox"], "none": [], "ring": ["__back__"], "back": ["__ring__"], "lost": ["${nowhere}"],
            "broken": ["{oops"],
        ]
        let error = try #require(failure(text, wildcards, ["color": "red"]))
        #expect(error.kind == kind)
        #expect(error.offset == offset)
        #expect(error.length == length)
        #expect(error.message == message)
    }

    @Test func `a name that is close is offered`() {
        #expect(failure("__animls__", ["animals": ["fox"]])?.hint == "did you mean `__animals__`?")
        #expect(failure("${colour}", [:], ["color": "red"])?.hint == "did you mean `${color}`?")
        #expect(failure("__zzz__", ["animals": ["fox"]])?.hint?.contains("did you mean") == false)
    }
}

@Suite struct GlobTests {
    @Test(arguments: [
        ("a*c", "abc", true), ("a*c", "ab", false), ("*", "", true), ("a/*", "a/b/c", true), ("?", "ä", true),
        ("[a-c]x", "bx", true), ("[!a-c]x", "bx", false), ("[]]", "]", true), ("[", "[", true), ("[a", "[a", true),
        ("**/x", "a/x", true), ("**/x", "x", false), ("A", "a", false), ("[a-]", "-", true), ("", "", true),
        ("a?*?z", "abcz", true), ("*.*.*", "a.b", false),
    ])
    func `a pattern matches as in Python`(_ pattern: String, _ name: String, _ matches: Bool) {
        #expect(Glob(pattern).matches(name) == matches)
    }

    @Test func `many stars take no time`() {
        let pattern = String(repeating: "*a", count: 2000) + "b"
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 4000)))
    }
}
