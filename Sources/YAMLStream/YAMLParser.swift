import CLibYAML
import Glibc

/// Reads a YAML text event by event. Memory does not grow with the text; see `YAMLLimits` for what is refused.
///
/// libyaml keeps pointers into its own parser struct, so that is allocated once and never moves.
@safe package struct YAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>
    private let input: YAMLInput
    private let limits: YAMLLimits
    /// Columns that every line has before what the text's owner sees.
    private let columnShift: Int
    private var depth = 0
    private var failure: YAMLError?
    private var isOver = false

    /// - Parameters:
    ///   - columnShift: Columns that `read` puts before every line; marks are without them.
    ///   - read: Fills its argument with the next bytes and says how many; 0 at the end.
    package init(
        limits: YAMLLimits = YAMLLimits(), columnShift: Int = 0,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int
    ) {
        self.limits = limits
        self.columnShift = columnShift
        input = unsafe YAMLInput(limits: limits, read: read)
        unsafe parser = .allocate(capacity: 1)
        unsafe event = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        unsafe event.initialize(to: yaml_event_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            failure = Self.outOfMemory
            return
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // Unretained: `input` is kept beside the parser, and freed after it.
        unsafe yaml_parser_set_input(
            parser,
            { context, buffer, size, sizeRead in
                guard let context = unsafe context, let buffer = unsafe buffer, let sizeRead = unsafe sizeRead else {
                    return 0
                }
                let input = unsafe Unmanaged<YAMLInput>.fromOpaque(context).takeUnretainedValue()
                guard let count = unsafe input.fill(UnsafeMutableRawBufferPointer(start: buffer, count: size)) else {
                    return 0
                }
                unsafe sizeRead.pointee = count
                return 1
            }, Unmanaged.passUnretained(input).toOpaque())
    }

    /// Reads a text that is in memory.
    package init(bytes: [UInt8], limits: YAMLLimits = YAMLLimits()) {
        var position = 0
        unsafe self.init(limits: limits) { buffer in
            let count = min(buffer.count, bytes.count - position)
            unsafe buffer.copyBytes(from: bytes[position..<(position + count)])
            position += count
            return count
        }
    }

    deinit {
        // One that was refused; else there is nothing in it.
        unsafe yaml_event_delete(event)
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe event.deallocate()
    }

    /// The next event.
    /// - Returns: `nil` at the end of the text.
    /// - Throws: The first error, and that again for every later call.
    package mutating func next() throws(YAMLError) -> YAMLEvent? {
        if let failure { throw failure }
        do {
            // The start of the stream is no event of ours.
            while !isOver {
                try advance()
                if let event = try taken() { return event }
            }
            return nil
        } catch {
            failure = error
            throw error
        }
    }

    /// The next event that is no bare scalar: those before it are handed to `take`, without anything being made of them.
    /// - Parameter take: Gets each scalar that has neither an anchor nor a tag: its text in UTF-8, how it is written, where it
    ///   starts, and where it ends.
    /// - Returns: `nil` at the end of the text.
    /// - Throws: As `next`, and what `take` throws.
    package mutating func next(
        takingScalars take: (Span<UInt8>, YAMLScalarStyle, YAMLMark, YAMLMark) throws -> Void
    ) throws -> YAMLEvent? {
        if let failure { throw failure }
        while !isOver {
            do {
                try advance()
                if unsafe !event.pointee.isBareScalar {
                    if let event = try taken() { return event }
                    continue
                }
            } catch {
                failure = error
                throw error
            }
            defer { unsafe yaml_event_delete(event) }
            do {
                try checkScalar()
            } catch {
                failure = error
                throw error
            }
            let scalar = unsafe event.pointee.data.scalar
            let text = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            try unsafe take(
                text.span, YAMLScalarStyle(scalar.style), start,
                YAMLMark(event.pointee.end_mark, columnShift: columnShift))
        }
        return nil
    }

    /// Has libyaml parse the next event, which is then to be taken or deleted.
    private mutating func advance() throws(YAMLError) {
        guard unsafe yaml_parser_parse(parser, event) == 1 else {
            // Bytes are looked at before they are parsed: what is wrong further on is not what is wrong here.
            let isInputs = unsafe parser.pointee.error == YAML_READER_ERROR
            throw unsafe (isInputs ? input.failure : nil)
                ?? parser.pointee.describeError(readTo: input.mark, columnShift: columnShift)
        }
        input.bytesSinceEvent = 0
    }

    private mutating func taken() throws(YAMLError) -> YAMLEvent? {
        defer { unsafe yaml_event_delete(event) }
        let start = start
        let end = unsafe YAMLMark(event.pointee.end_mark, columnShift: columnShift)
        switch unsafe event.pointee.type {
        case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, start: start, end: end)
        case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, start: start, end: end)
        case YAML_ALIAS_EVENT:
            let name = try unsafe name(event.pointee.data.alias.anchor, at: start) ?? ""
            return YAMLEvent(kind: .alias(name), start: start, end: end)
        case YAML_SCALAR_EVENT:
            return try scalar(from: start, to: end)
        case YAML_SEQUENCE_START_EVENT:
            try enter(at: start)
            let data = unsafe event.pointee.data.sequence_start
            return try unsafe YAMLEvent(
                kind: .sequenceStart, anchor: name(data.anchor, at: start),
                tag: name(data.tag, at: start), start: start, end: end)
        case YAML_MAPPING_START_EVENT:
            try enter(at: start)
            let data = unsafe event.pointee.data.mapping_start
            return try unsafe YAMLEvent(
                kind: .mappingStart, anchor: name(data.anchor, at: start),
                tag: name(data.tag, at: start), start: start, end: end)
        case YAML_SEQUENCE_END_EVENT:
            depth -= 1
            return YAMLEvent(kind: .sequenceEnd, start: start, end: end)
        case YAML_MAPPING_END_EVENT:
            depth -= 1
            return YAMLEvent(kind: .mappingEnd, start: start, end: end)
        case YAML_STREAM_START_EVENT:
            return nil
        default:
            isOver = true
            return nil
        }
    }

    private mutating func enter(at mark: YAMLMark) throws(YAMLError) {
        depth += 1
        guard depth <= limits.depth else {
            throw YAMLError(.limit, "lists and mappings are nested more than \(limits.depth) deep", at: mark)
        }
    }

    private func scalar(from start: YAMLMark, to end: YAMLMark) throws(YAMLError) -> YAMLEvent {
        try checkScalar()
        let data = unsafe event.pointee.data.scalar
        let text = unsafe String(
            decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
        return try unsafe YAMLEvent(
            kind: .scalar(text, YAMLScalarStyle(data.style)), anchor: name(data.anchor, at: start),
            tag: name(data.tag, at: start), start: start, end: end)
    }

    private func checkScalar() throws(YAMLError) {
        let data = unsafe event.pointee.data.scalar
        guard unsafe data.length <= limits.scalarBytes else {
            throw YAMLError(.limit, "a text is longer than \(limits.scalarBytes) bytes", at: start)
        }
        // Written as an escape: what is copied from here to there as a C string would be cut.
        if unsafe memchr(data.value, 0, data.length) != nil {
            throw YAMLError(.encoding, "a text holds a NUL character", at: start, hint: "take the `\\0` out of it")
        }
    }

    /// Where the event starts.
    private var start: YAMLMark { unsafe YAMLMark(event.pointee.start_mark, columnShift: columnShift) }

    private func name(
        _ pointer: UnsafeMutablePointer<yaml_char_t>?, at mark: YAMLMark
    ) throws(YAMLError) -> String? {
        guard let pointer = unsafe pointer else { return nil }
        var length = 0
        while unsafe pointer[length] != 0 {
            length += 1
            guard length <= limits.nameBytes else {
                throw YAMLError(
                    .limit, "the name of a tag, anchor or alias is longer than \(limits.nameBytes) bytes", at: mark)
            }
        }
        return unsafe String(decoding: UnsafeBufferPointer(start: pointer, count: length), as: UTF8.self)
    }

    private static let outOfMemory = YAMLError(
        .limit, "out of memory", at: YAMLMark(line: 1, column: 1, offset: 0))
}

extension YAMLMark {
    init(_ mark: yaml_mark_t, columnShift: Int) {
        self.init(
            line: Int(mark.line) + 1, column: max(1, Int(mark.column) + 1 - columnShift), offset: Int(mark.index))
    }
}

extension YAMLScalarStyle {
    init(_ style: yaml_scalar_style_t) {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: self = .literal
        case YAML_FOLDED_SCALAR_STYLE: self = .folded
        default: self = .plain
        }
    }
}

extension yaml_event_t {
    /// A scalar with neither an anchor nor a tag.
    var isBareScalar: Bool {
        guard unsafe type == YAML_SCALAR_EVENT else { return false }
        return unsafe data.scalar.anchor == nil && data.scalar.tag == nil
    }
}
