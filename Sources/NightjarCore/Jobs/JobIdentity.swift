import Crypto

/// What makes a job the same job on every machine and after every edit: its resolved request, or its `id`.
///
/// Equal jobs of one batch share an identity and differ in their ordinal; `key(ordinal:)` gives each its key.
/// The encoding is fixed for ever (golden tests hold it): a changed key would be a job paid for again.
package struct JobIdentity: Hashable, Sendable {
    private let words: [UInt64]

    /// The identity of a job that has no `id`: its whole request. `seed` is part of it only where the manifest gives it.
    package init(
        prompt: String, parameters: ImageRequest.Parameters, seed: PlannedJob.SeedSource
    ) {
        var encoding = Encoding(domain: "nightjar request 1")
        encoding.append(prompt)
        encoding.append(parameters.model)
        encoding.append(parameters.negativePrompt)
        encoding.append(parameters.width.map(String.init))
        encoding.append(parameters.height.map(String.init))
        encoding.append(parameters.steps.map(String.init))
        encoding.append(parameters.cfgScale.map { String($0.bitPattern, radix: 16) })
        encoding.append(parameters.sampler)
        encoding.append(Self.describe(seed))
        words = encoding.digest()
    }

    /// The identity of a job that has an `id`: that, with the values of its axes and a seed of the batch's `seeds` list.
    /// - Parameter axes: Name and value of every axis, in any order.
    package init(label: String, axes: [(name: String, value: String)] = [], seed: Int64? = nil) {
        var encoding = Encoding(domain: "nightjar id 1")
        encoding.append(label)
        for axis in axes.sorted(by: { $0.name < $1.name }) {
            encoding.append(axis.name)
            encoding.append(axis.value)
        }
        encoding.append(seed.map(String.init))
        words = encoding.digest()
    }

    /// The key of the `ordinal`-th of the jobs with this identity, counted from 0.
    package func key(ordinal: Int) -> JobKey {
        if ordinal == 0 { return JobKey(high: words[0], low: words[1]) }
        var hash = SHA256()
        for word in words + [UInt64(ordinal)] { update(&hash, with: word) }
        let digest = Self.words(of: hash.finalize())
        return JobKey(high: digest[0], low: digest[1])
    }

    private static func describe(_ seed: PlannedJob.SeedSource) -> String? {
        switch seed {
        case .manifest(let value): String(value)
        case .derived: nil
        case .server: "server"
        }
    }

    private static func words(of digest: SHA256.Digest) -> [UInt64] {
        digest.withUnsafeBytes { bytes in
            (0..<4).map { UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        }
    }

    /// Fields one after another, each with its length before it, so that no two lists of fields read the same.
    private struct Encoding {
        private var hash = SHA256()

        init(domain: String) {
            append(domain)
        }

        mutating func append(_ field: String?) {
            guard let field else { return update(&hash, with: UInt64.max) }
            update(&hash, with: UInt64(field.utf8.count))
            var text = field
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        }

        func digest() -> [UInt64] {
            JobIdentity.words(of: hash.finalize())
        }
    }
}

private func update(_ hash: inout SHA256, with word: UInt64) {
    withUnsafeBytes(of: word.bigEndian) { hash.update(bufferPointer: $0) }
}
