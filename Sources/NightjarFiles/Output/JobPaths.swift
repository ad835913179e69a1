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

    /// The folders that images go to.
    enum Area: CaseIterable {
        case tree, filtered, duplicates

        /// From the root down.
        var folders: [String] {
            switch self {
            case .tree: []
            case .filtered: [ownFolderName, "filtered"]
            case .duplicates: [ownFolderName, "duplicates"]
            }
        }
    }

    /// How a finished file gets its name.
    enum Target: Equatable {
        /// The place, or the first free one beside it.
        case beside(Place)
        /// This place, whatever is there.
        case exactly(RecordedPath)
    }

    private let template: PathTemplate
    private var values: PathTemplate.Values
    /// Begins the names of all temporary files of this job, and of no other job: recovery finds them by it.
    private let temporaryStem: String
    private let area: Area
    /// Of a job whose place is known from before.
    private let recorded: RecordedPath?

    init(_ job: OutputJob) throws(OutputFailure) {
        do {
            template = try PathTemplate(job.pathTemplate)
        } catch {
            throw .unwritable("the path `\(job.pathTemplate)` cannot be used: \(error.message)")
        }
        values = PathTemplate.Values(
            batch: job.batch, index: job.index, prompt: job.request.prompt, seed: job.request.seed, label: job.label,
            key: job.key, model: job.request.parameters.model, variables: job.variables)
        let batch = SafePathComponent.inner(job.batch)
        temporaryStem = ".nightjar-\(batch.utf8.count > 100 ? hexadecimalSHA256(of: batch) : batch)-\(job.key)"
        switch job.place {
        case .tree: (area, recorded) = (.tree, nil)
        case .duplicates: (area, recorded) = (.duplicates, nil)
        case .exactly(let path):
            guard let path = RecordedPath(path) else {
                throw .unwritable("the recorded path `\(path)` is none that an image has below the output folder")
            }
            (area, recorded) = (path.isInOwnFolder ? .filtered : .tree, path)
        }
    }

    /// Says why an image of this format cannot have the place of the job's old one.
    func reasonAgainst(_ format: ImageFormat) -> String? {
        guard let recorded, recorded.fileExtension != format.fileExtension else { return nil }
        return "it is a \(format.rawValue), which cannot take the place of `\(recorded.path)`"
    }

    /// Where a finished image goes. A blank one takes no place in the tree.
    func target(for format: ImageFormat, reportedSeed: Int64?, isBlank: Bool) -> Target {
        let isFiltered = isBlank && area == .tree
        guard let recorded else {
            let area = isFiltered ? .filtered : area
            return .beside(place(for: format, reportedSeed: reportedSeed, in: area))
        }
        guard isFiltered else { return .exactly(recorded) }
        return .beside(Place(folders: Area.filtered.folders + recorded.folders, stem: recorded.stem))
    }

    /// The place of the finished file.
    /// - Parameter reportedSeed: Stands in where the request leaves the seed to the API.
    func place(for format: ImageFormat, reportedSeed: Int64?, in area: Area = .tree) -> Place {
        var values = values
        values.seed = values.seed ?? reportedSeed
        let path = template.path(for: values, ext: format.fileExtension)
        // Bytes, not characters: a combining mark may follow the slash.
        var components = path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }
        let name = components.removeLast()
        return Place(folders: area.folders + components, stem: String(name.dropLast(format.fileExtension.count + 1)))
    }

    /// The image's name while it is being written.
    var temporaryName: String { "\(temporaryStem).part" }

    func temporaryName(of sidecar: BatchSettings.Sidecar) -> String { "\(temporaryStem).\(sidecar.rawValue).part" }

    var temporaryNames: [String] { [temporaryName] + BatchSettings.Sidecar.allCases.map(temporaryName(of:)) }

    /// The folders of the temporary file: those of the finished one, as far as they are known before the result.
    func temporaryFolders(for format: ImageFormat) -> [String] {
        recorded?.folders ?? known(for: format, in: area)
    }

    /// Every folder that a temporary file may lie in, of whatever place and format.
    var allTemporaryFolders: Set<[String]> {
        var all: Set<[String]> = []
        for format in ImageFormat.allCases {
            for area in Area.allCases {
                all.insert(known(for: format, in: area))
                all.insert(place(for: format, reportedSeed: nil, in: area).folders)
            }
        }
        if let recorded { all.formUnion([recorded.folders, Area.filtered.folders + recorded.folders]) }
        return all
    }

    private func known(for format: ImageFormat, in area: Area) -> [String] {
        let folders = place(for: format, reportedSeed: nil, in: area).folders
        let others = place(for: format, reportedSeed: 0, in: area).folders
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
