import NightjarCore
import YAMLStream

/// Takes the prompts of one document, one record each, so that they are parsed once and gone through as often as needed.
final class PromptSpool {
    private let context: ManifestContext
    private let start: Int
    private var end: Int

    init(_ context: ManifestContext) {
        self.context = context
        start = context.spool.count
        end = start
    }

    /// What has been taken.
    var records: PromptRecords { PromptRecords(spool: context.spool, range: start..<end) }

    /// A prompt that is nothing but its text: the common case, without all that it does not need.
    struct PlainPrompt {
        var text: String
        var line: Int
        /// From 1, in Unicode scalars.
        var column: Int
        /// Unicode scalars, as far as they stand on the line.
        var length: Int
    }

    enum Record {
        case plain(PlainPrompt)
        // Large, and must not make the common case so.
        indirect case item(PromptItem)

        /// The prompt with all that an entry of `prompts` may have.
        var item: PromptItem {
            switch self {
            case .item(let item): return item
            case .plain(let prompt):
                let start = YAMLMark(line: prompt.line, column: prompt.column, offset: prompt.line)
                var end = start
                end.column += prompt.length
                return PromptItem(text: prompt.text, style: .plain, from: start, to: end)
            }
        }
    }

    fileprivate static let plain: UInt8 = 0
    fileprivate static let whole: UInt8 = 1

    /// Takes a prompt that is nothing but its text; see `PlainPrompt`.
    func append(
        _ text: UnsafeBufferPointer<UInt8>, line: Int, column: Int, length: Int
    ) throws(Spool.Failure) {
        try append(Self.plain) { writer in
            writer.add(UInt32(clamping: line))
            writer.add(UInt32(clamping: column))
            writer.add(UInt32(clamping: length))
            writer.add(text)
        }
    }

    func append(_ item: PromptItem) throws(Spool.Failure) {
        try append(Self.whole) { item.encode(into: &$0) }
    }

    private func append(_ kind: UInt8, _ write: (inout ByteWriter) -> Void) throws(Spool.Failure) {
        try context.spool.append { writer in
            writer.add(kind)
            write(&writer)
        }
        end = context.spool.count
    }
}

/// The prompts of one document as they lie in a spool.
struct PromptRecords: Sendable {
    let spool: Spool
    let range: Range<Int>

    /// Calls `body` for each prompt, in order.
    func forEach(_ body: (PromptSpool.Record) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var filled = 0
        var next = range.lowerBound
        while true {
            // As many whole records as there are.
            var used = 0
            var needed = 4
            try buffer.withUnsafeBytes { bytes in
                while filled - used >= 4 {
                    needed = 4 + Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: used, as: UInt32.self)))
                    guard filled - used >= needed else { return }
                    let record = Self.record(ByteReader(bytes, from: used + 4))
                    used += needed
                    needed = 4
                    try body(record)
                }
            }
            if buffer.count < needed {
                buffer.append(contentsOf: repeatElement(0, count: needed - buffer.count))
            }
            // What is left moves to the front, and the rest is filled up.
            let most = min(buffer.count - (filled - used), range.upperBound - next)
            guard most > 0 else {
                guard filled == used else { throw Spool.Failure(description: "a temporary file ends within a prompt") }
                return
            }
            let got = try buffer.withUnsafeMutableBytes { bytes in
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[used..<filled]))
                filled -= used
                return try spool.read(
                    at: next, into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<(filled + most)]))
            }
            guard got > 0 else { throw Spool.Failure(description: "a temporary file ends too early") }
            filled += got
            next += got
        }
    }

    private static func record(_ reader: consuming ByteReader) -> PromptSpool.Record {
        guard reader.integer(UInt8.self) == PromptSpool.plain else { return .item(PromptItem(decoding: reader)) }
        let line = Int(reader.integer(UInt32.self))
        let column = Int(reader.integer(UInt32.self))
        let length = Int(reader.integer(UInt32.self))
        return .plain(PromptSpool.PlainPrompt(text: reader.text(), line: line, column: column, length: length))
    }
}

extension PromptItem {
    private enum Flag {
        static let isDynamic: UInt8 = 1
        static let hasExtras: UInt8 = 2
        static let hasModel: UInt8 = 4
        static let hasSeed: UInt8 = 8
    }

    func encode(into writer: inout ByteWriter) {
        let hasExtras =
            label != nil || meta != nil || variants != nil || !variables.isEmpty || fields != RequestFields()
        var flags: UInt8 = 0
        if isDynamic { flags |= Flag.isDynamic }
        if hasExtras { flags |= Flag.hasExtras }
        if hasModel { flags |= Flag.hasModel }
        if hasSeed { flags |= Flag.hasSeed }
        writer.add(flags)
        writer.add(UInt16(file))
        writer.add(UInt32(line))
        writer.add(mark)
        writer.add(end)
        writer.add(style.code)
        writer.add(prompt)
        guard hasExtras else { return }
        writer.add(label) { $0.add($1) }
        writer.add(meta) { $0.add($1) }
        writer.add(variants) { $0.add($1.code) }
        writer.add(UInt16(variables.count))
        for variable in variables {
            writer.add(variable.name)
            writer.add(variable.value)
        }
        fields.encode(into: &writer)
    }

    init(decoding reader: consuming ByteReader) {
        let flags = reader.integer(UInt8.self)
        let file = Int(reader.integer(UInt16.self))
        let line = Int(reader.integer(UInt32.self))
        let mark = reader.mark()
        let end = reader.mark()
        let style = YAMLScalarStyle(code: reader.integer(UInt8.self))
        self.init(text: reader.text(), style: style, from: mark, to: end, isDynamic: flags & Flag.isDynamic != 0)
        self.file = file
        self.line = line
        hasModel = flags & Flag.hasModel != 0
        hasSeed = flags & Flag.hasSeed != 0
        guard flags & Flag.hasExtras != 0 else { return }
        label = reader.optional { $0.text() }
        meta = reader.optional { $0.text() }
        variants = reader.optional { VariantsMode(code: $0.integer(UInt8.self)) }
        for _ in 0..<reader.integer(UInt16.self) {
            let name = reader.text()
            variables.append(Variable(name: name, value: reader.text()))
        }
        fields = RequestFields(decoding: &reader)
    }
}

extension RequestFields {
    fileprivate func encode(into writer: inout ByteWriter) {
        writer.add(model) { $0.add($1) }
        writer.add(negativePrompt) { $0.add($1) }
        writer.add(width) { $0.add($1) }
        writer.add(height) { $0.add($1) }
        writer.add(steps) { $0.add($1) }
        writer.add(cfgScale) { $0.add($1.bitPattern) }
        writer.add(sampler) { $0.add($1) }
        writer.add(seed) { writer, seed in
            switch seed {
            case .manifest(let value): writer.add(value)
            case .server: writer.add(Int64(-1))
            case .derived: writer.add(Int64(-2))
            }
        }
    }

    fileprivate init(decoding reader: inout ByteReader) {
        model = reader.optional { $0.text() }
        negativePrompt = reader.optional { $0.text() }
        width = reader.optional { $0.integer() }
        height = reader.optional { $0.integer() }
        steps = reader.optional { $0.integer() }
        cfgScale = reader.optional { Double(bitPattern: $0.integer()) }
        sampler = reader.optional { $0.text() }
        seed = reader.optional { reader in
            switch reader.integer(Int64.self) {
            case -1: .server
            case -2: .derived
            case let value: .manifest(value)
            }
        }
    }
}

extension ByteWriter {
    fileprivate mutating func add(_ mark: YAMLMark) {
        add(UInt32(clamping: mark.line))
        add(UInt32(clamping: mark.column))
        add(Int64(mark.offset))
    }
}

extension ByteReader {
    fileprivate mutating func mark() -> YAMLMark {
        let line = Int(integer(UInt32.self))
        let column = Int(integer(UInt32.self))
        return YAMLMark(line: line, column: column, offset: Int(integer(Int64.self)))
    }
}

extension YAMLScalarStyle {
    fileprivate var code: UInt8 {
        switch self {
        case .plain: 0
        case .singleQuoted: 1
        case .doubleQuoted: 2
        case .literal: 3
        case .folded: 4
        }
    }

    fileprivate init(code: UInt8) {
        switch code {
        case 1: self = .singleQuoted
        case 2: self = .doubleQuoted
        case 3: self = .literal
        case 4: self = .folded
        default: self = .plain
        }
    }
}
