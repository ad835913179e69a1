import Crypto

/// What makes a job the same job on every machine and after every edit: its resolved request, or its `id`.
///
/// Equal jobs of one batch share an identity and differ in their ordinal; `key(ordinal:)` gives each its key.
/// The encoding is fixed for ever (golden tests hold it): a changed key would be a job paid for again.
package struct JobIdentity: Hashable, Sendable {
    /// A SHA-256, most significant word first.
    private let word0, word1, word2, word3: UInt64

    /// The identity of a job that has no `id`: its whole request. `seed` is part of it only where the manifest gives it.
    package init(
        prompt: String, parameters: ImageRequest.Parameters, seed: PlannedJob.SeedSource
    ) {
        let texts =
            prompt.utf8.count + parameters.model.utf8.count + (parameters.negativePrompt?.utf8.count ?? 0)
            + (parameters.sampler?.utf8.count ?? 0)
        self = FieldWriter.digest(fields: 10, bytes: texts + Self.domainBytes + 5 * FieldWriter.numberBytes) { writer in
            writer.append("nightjar request 1")
            writer.append(prompt)
            writer.append(parameters.model)
            writer.append(parameters.negativePrompt)
            writer.append(decimal: parameters.width.map(Int64.init))
            writer.append(decimal: parameters.height.map(Int64.init))
            writer.append(decimal: parameters.steps.map(Int64.init))
            writer.append(hexadecimal: parameters.cfgScale?.bitPattern)
            writer.append(parameters.sampler)
            switch seed {
            case .manifest(let value): writer.append(decimal: value)
            case .derived: writer.append(word: .max)
            case .server: writer.append("server")
            }
        }
    }

    /// The identity of a job that has an `id`: that, with the values of its axes and a seed of the batch's `seeds` list.
    /// - Parameter axes: Name and value of every axis, in any order.
    package init(label: String, axes: [(name: String, value: String)] = [], seed: Int64? = nil) {
        let texts = axes.reduce(label.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        self = FieldWriter.digest(
            fields: 3 + 2 * axes.count, bytes: texts + Self.domainBytes + FieldWriter.numberBytes
        ) { writer in
            writer.append("nightjar id 1")
            writer.append(label)
            for axis in axes.sorted(by: { $0.name < $1.name }) {
                writer.append(axis.name)
                writer.append(axis.value)
            }
            writer.append(decimal: seed)
        }
    }

    /// The key of the `ordinal`-th of the jobs with this identity, counted from 0.
    package func key(ordinal: Int) -> JobKey {
        if ordinal == 0 { return JobKey(high: word0, low: word1) }
        let digest = FieldWriter.digest(fields: 5, bytes: 0) { writer in
            for word in [word0, word1, word2, word3, UInt64(ordinal)] { writer.append(word: word) }
        }
        return JobKey(high: digest.word0, low: digest.word1)
    }

    /// Room for the name of what is encoded.
    private static let domainBytes = 32

    fileprivate init(_ digest: SHA256.Digest) {
        (word0, word1, word2, word3) = digest.withUnsafeBytes { bytes in
            func word(_ place: Int) -> UInt64 {
                UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self))
            }
            return (word(0), word(1), word(2), word(3))
        }
    }
}

/// Fields one after another in one buffer, each with its length before it, so that no two lists of fields read the same.
private struct FieldWriter {
    /// At most, of a number in digits.
    static let numberBytes = 20
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0

    private init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.buffer = buffer
    }

    /// - Parameters:
    ///   - fields: How many `write` appends, at most.
    ///   - bytes: What they hold, at most.
    static func digest(fields: Int, bytes: Int, _ write: (inout FieldWriter) -> Void) -> JobIdentity {
        withUnsafeTemporaryAllocation(byteCount: 8 * fields + bytes, alignment: 8) { buffer in
            var writer = FieldWriter(buffer)
            write(&writer)
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<writer.count]))
            return JobIdentity(hash.finalize())
        }
    }

    mutating func append(word: UInt64) {
        buffer.storeBytes(of: word.bigEndian, toByteOffset: count, as: UInt64.self)
        count += 8
    }

    mutating func append(_ field: String?) {
        guard let field else { return append(word: .max) }
        append(field)
    }

    mutating func append(_ text: String) {
        text.utf8.span.bytes.withUnsafeBytes { bytes in
            append(word: UInt64(bytes.count))
            UnsafeMutableRawBufferPointer(rebasing: buffer[count...]).copyMemory(from: bytes)
            count += bytes.count
        }
    }

    mutating func append(decimal value: Int64?) {
        guard let value else { return append(word: .max) }
        if value < 0 { return append(String(value)) }
        append(UInt64(value), radix: 10)
    }

    mutating func append(hexadecimal value: UInt64?) {
        guard let value else { return append(word: .max) }
        append(value, radix: 16)
    }

    private mutating func append(_ value: UInt64, radix: UInt64) {
        var digits = 1
        var rest = value / radix
        while rest > 0 { (digits, rest) = (digits + 1, rest / radix) }
        append(word: UInt64(digits))
        rest = value
        for place in stride(from: count + digits - 1, through: count, by: -1) {
            let digit = UInt8(rest % radix)
            buffer[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
            rest /= radix
        }
        count += digits
    }
}
