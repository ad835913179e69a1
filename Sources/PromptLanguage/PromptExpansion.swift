/// A prompt with its wildcards and variables filled in: all its combinations, each to be had at once.
///
/// They are those of the package's `CombinatorialPromptGenerator`, in its order; see `Choice` for where equal results
/// are no longer looked for. Two things that the package leaves to chance or to its own state hang on the combination
/// alone: `~` draws one result, by the picks together with the combination's index, and `@` takes the result whose
/// index is the combination's, modulo how many there are. Both multiply nothing.
package struct PromptExpansion: Sendable {
    /// May be 0: `{2$$a|a}` cannot take two different options.
    package let count: BigNatural
    /// Variables of the manifest that stand in the prompt or in a value of one of its wildcards.
    package let usedVariables: Set<String>
    private let root: Node
    private let numbered: [String]

    /// - Parameters:
    ///   - wildcards: Pass the same `CachedWildcards` to all prompts of a manifest.
    ///   - variables: The manifest's variables.
    ///   - knownValues: Values of those that are the same for the whole expansion. A variable in the name of a wildcard
    ///     (`__${kind}__`) must be among them, and results that such values make equal are known to be.
    /// - Throws: Whatever of `PromptError.Kind` it is, with its place in the prompt; for the value of a wildcard that
    ///   is the place of the wildcard.
    package init(
        _ template: PromptTemplate, wildcards: any WildcardSource, variables: Set<String>,
        knownValues: [String: String] = [:]
    ) throws(PromptError) {
        let cached = wildcards as? CachedWildcards ?? CachedWildcards(wildcards)
        var resolver = Resolver(
            template, wildcards: cached, variables: variables.union(knownValues.keys), knownValues: knownValues)
        root = try resolver.resolved()
        count = root.count
        numbered = resolver.usedVariables
        usedVariables = Set(numbered)
    }

    /// One combination, without making those before it.
    /// - Parameters:
    ///   - index: Less than `count`.
    ///   - picks: For `~`.
    ///   - variables: Their values, inserted as they are; one without a value is left out.
    package func text(
        at index: BigNatural, picks: PickSource = PickSource(seed: (0, 0)), variables: (String) -> String?
    ) -> String {
        precondition(index < count, "a combination beyond the last")
        var writer = CombinationWriter(combination: index, picks: picks)
        writer.write(root, index, scope: 0)
        return text(writer.text, variables)
    }

    package func text(
        at index: UInt64, picks: PickSource = PickSource(seed: (0, 0)), variables: (String) -> String?
    ) -> String {
        text(at: BigNatural(index), picks: picks, variables: variables)
    }

    package func text(at index: Int, picks: PickSource = PickSource(seed: (0, 0)), variables: (String) -> String?)
        -> String
    {
        text(at: BigNatural(index), picks: picks, variables: variables)
    }

    /// One text, in which every choice is picked: with the weights, and for `n$$` without putting back.
    ///
    /// The package's own draws differ in two points: where weights differ, `n$$` there may give an option the weight of
    /// another after the first pick, and a wildcard alone in `n$$` is drawn with the whole part of its weights.
    /// - Parameter variables: Their values, inserted as they are; one without a value is left out.
    package func drawn(_ picks: PickSource, variables: (String) -> String?) -> String {
        var writer = DrawWriter(picks)
        writer.write(root, scope: writer.root)
        return text(writer.text, variables)
    }

    private func text(_ bytes: [UInt8], _ variables: (String) -> String?) -> String {
        if numbered.isEmpty { return String(decoding: bytes, as: UTF8.self) }
        return VariableMark.replaced(in: bytes) { variables(numbered[$0]) ?? "" }
    }
}
