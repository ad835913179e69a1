/// A place in a YAML text.
package struct YAMLMark: Hashable, Sendable, Comparable {
    // Small, since every event and node carries two.
    private var storedLine: UInt32
    private var storedColumn: UInt32
    /// Unicode scalars before it; libyaml does not count bytes.
    package var offset: Int

    package init(line: Int, column: Int, offset: Int) {
        storedLine = UInt32(clamping: line)
        storedColumn = UInt32(clamping: column)
        self.offset = offset
    }

    /// From 1; at most 2³²−1.
    package var line: Int {
        get { Int(storedLine) }
        set { storedLine = UInt32(clamping: newValue) }
    }

    /// In Unicode scalars, from 1; a tab is one, a byte order mark none. At most 2³²−1.
    package var column: Int {
        get { Int(storedColumn) }
        set { storedColumn = UInt32(clamping: newValue) }
    }

    package static func < (left: YAMLMark, right: YAMLMark) -> Bool { left.offset < right.offset }
}

/// How a scalar is written.
package enum YAMLScalarStyle: Hashable, Sendable {
    /// Without quotation marks: what it means depends on what it says (`12`, `true`).
    case plain
    case singleQuoted, doubleQuoted
    /// A block after `|`.
    case literal
    /// A block after `>`.
    case folded
}

/// One step through a YAML text. Starts and ends are balanced, and every document holds one node.
package struct YAMLEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case documentStart, documentEnd
        case sequenceStart, sequenceEnd
        /// Keys and values follow in turn.
        case mappingStart, mappingEnd
        case scalar(String, YAMLScalarStyle)
        /// `*name`, without the asterisk. Whether the name is defined is for the reader to say.
        case alias(String)

        /// The end of a sequence or mapping.
        package var isEnd: Bool {
            switch self {
            case .sequenceEnd, .mappingEnd: true
            case .documentStart, .documentEnd, .sequenceStart, .mappingStart, .scalar, .alias: false
            }
        }
    }

    package var kind: Kind
    /// `&name` before the node, without the ampersand.
    package var anchor: String?
    /// The resolved tag, such as `tag:yaml.org,2002:str` for `!!str`; `nil` where none is written.
    package var tag: String?
    package var start: YAMLMark
    /// Behind the last character.
    package var end: YAMLMark

    package init(kind: Kind, anchor: String? = nil, tag: String? = nil, start: YAMLMark, end: YAMLMark) {
        self.kind = kind
        self.anchor = anchor
        self.tag = tag
        self.start = start
        self.end = end
    }
}
