/// A prompt in the language of the Python package `dynamicprompts` 0.31: choices, weights, `n$$`, wildcards, variables,
/// comments. What that package refuses stands for itself, but for braces that nothing closes.
package struct PromptTemplate: Sendable, Equatable {
    /// `${name}`, where the prompt itself gives `name` no value.
    package struct VariableReference: Sendable, Equatable {
        package var name: String
        /// `${name:default}`: does without a value.
        package var hasDefault: Bool
        /// Stands in the name of a wildcard, so its value must be known when that is looked up.
        package var isInWildcardName: Bool
        /// Unicode scalars of the prompt before `${`.
        package var offset: Int
        /// Unicode scalars from `${` to `}`.
        package var length: Int
    }

    package let text: String
    /// Unicode scalars before the first `#`, `//` or `/*` that takes text away; `nil` when none does.
    package let commentOffset: Int?
    /// Unicode scalars before the first `}` that closes nothing: it stands for itself, but may be a slip.
    package let strayBraceOffset: Int?
    /// In the order in which they stand. Values of wildcards may refer to others: `PromptExpansion.usedVariables`.
    package let variables: [VariableReference]
    let parsed: ParsedPrompt

    /// - Throws: `unbalanced`, `tooDeep` or `tooLarge`, with its place.
    package init(parsing text: String) throws(PromptError) {
        let bytes = Array(text.utf8)
        var parser = PromptParser(bytes)
        do {
            parsed = try parser.parsed()
        } catch {
            throw PromptError(
                error.kind, error.message, hint: error.hint,
                offset: Self.scalars(bytes[..<min(error.span.lowerBound, bytes.count)]),
                length: Self.scalars(bytes[error.span.clamped(to: bytes.indices)]))
        }
        self.text = text
        let places = ScalarOffsets(bytes)
        commentOffset = parser.comment == .max ? nil : places[parser.comment]
        strayBraceOffset = parser.strayBrace == .max ? nil : places[parser.strayBrace]
        var survey = VariableSurvey()
        survey.take(parsed.root)
        let defined = survey.defined
        variables = survey.references.filter { !defined.contains($0.name) }.map { reference in
            let start = places[reference.span.lowerBound]
            return VariableReference(
                name: reference.name, hasDefault: reference.hasDefault, isInWildcardName: reference.isInWildcardName,
                offset: start, length: places[reference.span.upperBound] - start)
        }
    }

    /// The names in `variables`, each once.
    package var variableNames: Set<String> { Set(variables.map(\.name)) }

    package static func == (left: PromptTemplate, right: PromptTemplate) -> Bool {
        left.parsed.bytes == right.parsed.bytes
    }

    static func scalars(_ bytes: some Collection<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}

/// Counts Unicode scalars; in text of ASCII alone, which is most, there is nothing to count.
private struct ScalarOffsets {
    private let bytes: [UInt8]
    private let isASCII: Bool

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        isASCII = bytes.allSatisfy { $0 < 0x80 }
    }

    subscript(position: Int) -> Int { isASCII ? position : PromptTemplate.scalars(bytes[..<position]) }
}

private struct VariableSurvey {
    struct Reference {
        var name: String
        var hasDefault: Bool
        var isInWildcardName: Bool
        var span: Range<Int>
    }

    var references: [Reference] = []
    var defined: Set<String> = []

    mutating func take(_ command: Command, inName: Bool = false) {
        switch command.kind {
        case .literal: break
        case .sequence(let commands): for each in commands { take(each, inName: inName) }
        case .variant(let variant): for option in variant.options { take(option.value, inName: inName) }
        case .wildcard(let wildcard):
            take(wildcard.path, inName: true)
        case .access(let name, let fallback):
            references.append(
                Reference(
                    name: name, hasDefault: fallback != nil || inName, isInWildcardName: inName, span: command.span))
            if let fallback { take(fallback, inName: inName) }
        case .assignment(let assignment):
            if assignment.overwrites { defined.insert(assignment.name) }
            take(assignment.value)
        case .wrap(let wrapper, let inner):
            take(wrapper)
            take(inner)
        }
    }
}
