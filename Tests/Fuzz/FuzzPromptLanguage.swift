// Feeds the prompt language with whatever libFuzzer makes. `Tests/Fuzz/prompt_language` holds the seeds. To run, from
// the root of the package:
//
//     swiftc -O -sanitize=fuzzer,address -parse-as-library -swift-version 6 -package-name nightjar \
//         -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
//         -enable-upcoming-feature InternalImportsByDefault \
//         $(find Sources/PromptLanguage -name '*.swift') Tests/Fuzz/FuzzPromptLanguage.swift -o fuzz-prompt-language
//     ./fuzz-prompt-language -max_len=4096 -timeout=10 -rss_limit_mb=2048 CORPUS Tests/Fuzz/prompt_language

private let wildcards = CachedWildcards(
    WildcardLibrary([
        ("animals", ["fox", "owl", "{red|grey} hare"].map { WildcardValue($0) }),
        ("a", [WildcardValue("x"), WildcardValue("y", weight: 2), WildcardValue("z", weight: 0.5)]),
        ("loop", [WildcardValue("__loop__"), WildcardValue("end")]),
        ("deep/b", [WildcardValue("__a__ ${v}"), WildcardValue("${c={p|q}}${c}")]),
        ("empty", []), ("bad", [WildcardValue("{")]),
    ]))

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    let isPlain = PromptTemplate.isPlain(text)
    do {
        let template = try PromptTemplate(parsing: text)
        let expansion = try PromptExpansion(template, wildcards: wildcards, variables: ["v"])
        let values = { (name: String) -> String? in name == "v" ? "{value}" : nil }
        if isPlain {
            precondition(expansion.count == .one && expansion.text(at: 0, variables: values) == text, "plain text")
        }
        if !expansion.count.isZero {
            let last = expansion.count - .one
            _ = expansion.text(at: BigNatural.zero, variables: values)
            _ = expansion.text(at: last.quotientAndRemainder(dividingBy: 2).quotient, variables: values)
            _ = expansion.text(at: last, variables: values)
        }
        let picks = PickSource(seed: (1, 2))
        precondition(expansion.drawn(picks, variables: values) == expansion.drawn(picks, variables: values), "draw")
    } catch {
        let scalars = text.unicodeScalars.count
        precondition(!isPlain, "plain text is never refused")
        precondition(error.offset >= 0 && error.offset + error.length <= max(1, scalars), "outside the prompt")
    }
    return 0
}
