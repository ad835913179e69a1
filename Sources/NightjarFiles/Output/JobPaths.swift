internal import Crypto
internal import NightjarCore

/// Where one job's files go, below the output root.
struct JobPaths {
    /// Folders from the root down.
    struct Place: Equatable {
        var folders: [String]
        /// The file's name before the dot and the extension.
        var stem: String
    }

    private let template: PathTemplate
    private var values: PathTemplate.Values
    /// Begins the names of all temporary files of this job, and of no other job: recovery finds them by it.
    private let temporaryStem: String

    init(_ job: OutputJob) throws(OutputFailure) {
        do {
            template = try PathTemplate(job.pathTemplate)
        } catch {
            throw .unwritable("the path `\(job.pathTemplate)` cannot be used: \(error.message)")
        }
        values = PathTemplate.Values(
            batch: job.batch, index: job.index, prompt: job.request.prompt, seed: job.request.seed, label: job.label,
            key: job.key, model: job.request.parameters.model)
        let batch = SafePathComponent.inner(job.batch)
        temporaryStem = ".nightjar-\(batch.utf8.count > 100 ? hexadecimalSHA256(of: batch) : batch)-\(job.key)"
    }

    /// The place of the finished file.
    /// - Parameter reportedSeed: Stands in where the request leaves the seed to the API.
    func place(for format: ImageFormat, reportedSeed: Int64?) -> Place {
        var values = values
        values.seed = values.seed ?? reportedSeed
        let path = template.path(for: values, ext: format.fileExtension)
        // Bytes, not characters: a combining mark may follow the slash.
        var components = path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        let name = components.removeLast()
        return Place(folders: components, stem: String(name.dropLast(format.fileExtension.count + 1)))
    }

    /// The image's name while it is being written.
    var temporaryName: String { "\(temporaryStem).part" }

    func temporaryName(of sidecar: BatchSettings.Sidecar) -> String { "\(temporaryStem).\(sidecar.rawValue).part" }

    var temporaryNames: [String] { [temporaryName] + BatchSettings.Sidecar.allCases.map(temporaryName(of:)) }

    /// The folders of the temporary file: those of the finished one, as far as they are known before the result.
    func temporaryFolders(for format: ImageFormat) -> [String] {
        let folders = place(for: format, reportedSeed: nil).folders
        let others = place(for: format, reportedSeed: 0).folders
        return zip(folders, others).prefix { $0 == $1 }.map(\.0)
    }
}

/// The name for the `number`-th try, from 1: `fox`, `fox-2`, `fox-3` …; at most 195 bytes, as in a path template.
func numbered(_ stem: String, _ number: Int) -> String {
    if number == 1 { return stem }
    let suffix = "-\(number)"
    return SafePathComponent.make(stem, limit: PathTemplate.stemLimit - suffix.utf8.count) + suffix
}

func hexadecimalSHA256(of text: String) -> String {
    var text = text
    return text.withUTF8 { hexadecimal(SHA256.hash(data: UnsafeRawBufferPointer($0))) }
}

/// 64 lower-case digits.
func hexadecimal(_ digest: SHA256.Digest) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
