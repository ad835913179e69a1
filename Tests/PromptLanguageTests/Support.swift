import PromptLanguage

/// All combinations.
func expanded(_ text: String, _ wildcards: [String: [String]] = [:], _ variables: [String: String] = [:])
    throws(PromptError) -> [String]
{
    let expansion = try expansion(of: text, wildcards, variables)
    return (0..<(expansion.count.exactInt ?? 0)).map { expansion.text(at: $0) { variables[$0] } }
}

func expansion(of text: String, _ wildcards: [String: [String]] = [:], _ variables: [String: String] = [:])
    throws(PromptError) -> PromptExpansion
{
    try PromptExpansion(
        PromptTemplate(parsing: text), wildcards: library(wildcards), variables: Set(variables.keys))
}

func library(_ wildcards: [String: [String]]) -> WildcardLibrary {
    WildcardLibrary(wildcards.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map { WildcardValue($0) }) })
}

func failure(_ text: String, _ wildcards: [String: [String]] = [:], _ variables: [String: String] = [:])
    -> PromptError?
{
    do {
        _ = try expanded(text, wildcards, variables)
        return nil
    } catch {
        return error
    }
}

/// SplitMix64, so that a test draws the same numbers each time.
struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
