/// Why a text could not be read on. What came before it stays valid.
package struct YAMLError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The source gave no more bytes.
        case unreadable
        /// Not UTF-8, or characters that no YAML text may hold.
        case encoding
        /// More than the parser takes: see `YAMLLimits`.
        case limit
        /// Not YAML.
        case syntax
    }

    package var kind: Kind
    /// Lower case, without a full stop.
    package var message: String
    package var mark: YAMLMark
    /// What to write instead.
    package var hint: String?
    /// What libyaml was in the middle of, and where that began.
    package var note: String?
    package var noteMark: YAMLMark?

    package init(
        _ kind: Kind, _ message: String, at mark: YAMLMark, hint: String? = nil, note: String? = nil,
        noteMark: YAMLMark? = nil
    ) {
        self.kind = kind
        self.message = message
        self.mark = mark
        self.hint = hint
        self.note = note
        self.noteMark = noteMark
    }
}

/// How much of a text is taken before it counts as hostile. Time and memory are bounded by these.
package struct YAMLLimits: Hashable, Sendable {
    /// Sequences and mappings within each other.
    package var depth = 64
    /// Bytes of one scalar.
    package var scalarBytes = 1 << 20
    /// Bytes of one anchor or tag.
    package var nameBytes = 1024
    /// Bytes between two events: the longest comment. libyaml holds a scalar whole before it is an event.
    package var bytesPerEvent = 16 << 20
    /// Blanks and line ends in a row. libyaml clears as much memory at every word that follows in the same scalar.
    package var blanks = 4096
    /// Directives (`%TAG`) in a row. libyaml compares each with every other.
    package var directives = 64

    package init() {}
}
