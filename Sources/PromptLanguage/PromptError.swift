/// Why a prompt cannot be expanded.
package struct PromptError: Error, Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// A brace that nothing closes.
        case unbalanced
        /// No wildcard has this name.
        case unknownWildcard
        /// The wildcard exists, and holds no values.
        case emptyWildcard
        /// A value of a wildcard is not a prompt: a brace in it is not closed.
        case invalidWildcardValue
        /// A wildcard or a variable that needs itself.
        case cycle
        /// `${name}` without a value.
        case undefinedVariable
        /// A variable of the manifest in the name of a wildcard, where its value is not known.
        case variableInWildcardName
        /// Nested beyond `PromptLimits.depth`.
        case tooDeep
        /// Beyond another of `PromptLimits`.
        case tooLarge
    }

    package var kind: Kind
    /// What is wrong: lower case, literals in backticks.
    package var message: String
    /// What to type instead.
    package var hint: String?
    /// Unicode scalars of the prompt before the place.
    package var offset: Int
    /// Unicode scalars; at least 1, but for an empty prompt.
    package var length: Int

    package init(_ kind: Kind, _ message: String, hint: String? = nil, offset: Int, length: Int) {
        self.kind = kind
        self.message = message
        self.hint = hint
        self.offset = offset
        self.length = length
    }
}

/// What bounds the time and memory that a prompt can take.
package enum PromptLimits {
    /// Bytes of a prompt.
    package static let bytes = 1 << 20
    /// Braces within braces.
    package static let depth = 100
    /// Braces, variables and wildcards within each other, when all are filled in.
    package static let filledDepth = 400
    /// Pieces of a prompt when its wildcards and variables are filled in.
    package static let pieces = 1_000_000
    /// Bytes and pieces of one combination.
    package static let text = 4 << 20
    /// How many options one `n$$` may take.
    package static let picks = 1000
    /// Results of one choice that are compared with each other, so that equal ones count once.
    package static let comparedResults = 10_000
    /// Bytes of those, and pieces visited for them, in one choice.
    package static let comparedWork = 1 << 20
    /// The same in all choices of a prompt together.
    package static let comparedWorkInAll = 1 << 24
    /// Names that one wildcard may have which is named by a choice, such as `__{a|b}__`.
    package static let wildcardNames = 1000
}
