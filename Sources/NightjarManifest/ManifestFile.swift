import Crypto
import Glibc
import NightjarCore
import PromptLanguage
import YAMLStream

/// A manifest on disk, or on standard input.
package struct ManifestFile {
    /// As messages name it.
    private let name: String
    /// Where it is read from.
    package let path: String
    private let folder: ManifestFolder
    /// Keeps what came through standard input.
    private let copy: StandardInputCopy?

    /// - Parameter isConfined: The files that it names must lie in its folder.
    package init(path: String, isConfined: Bool = false) {
        name = path
        self.path = path
        folder = ManifestFolder(of: path, isConfined: isConfined)
        copy = nil
    }

    /// - Parameters:
    ///   - name: As messages name it.
    ///   - path: Where it is read from.
    ///   - folder: Where the files are looked for that it names.
    package init(named name: String, at path: String, folder: ManifestFolder) {
        self.name = name
        self.path = path
        self.folder = folder
        copy = nil
    }

    /// The files that it names and that have been read, with where they lie, and the folders; to be asked after `load`.
    package var references: (files: [String: String], folders: Set<String>) {
        (folder.opened.files, folder.opened.folders)
    }

    /// Reads standard input to its end, into a temporary file; files that it names are looked for in the working folder.
    /// - Parameter isConfined: The files that it names must lie in the working folder.
    /// - Throws: Where that cannot be read, or kept.
    package static func standardInput(isConfined: Bool = false) throws(ManifestError) -> ManifestFile {
        ManifestFile(try StandardInputCopy.make(), isConfined: isConfined)
    }

    private init(_ copy: StandardInputCopy, isConfined: Bool) {
        name = StandardInputCopy.name
        path = copy.path
        folder = ManifestFolder(path: ".", isConfined: isConfined)
        self.copy = copy
    }

    /// Reads and checks the whole file, one batch a document; memory does not grow with its length, but for the ids.
    /// - Throws: Everything that is wrong with it, at once.
    package func load() throws(ManifestError) -> [ManifestBatch] {
        let source: RegularFile
        do {
            source = try RegularFile(path: path, hashes: true)
        } catch {
            throw ManifestError.unreadable(name, "the manifest cannot be read: \(error)")
        }
        let context = ManifestContext(
            sink: DiagnosticSink(file: name) { [path] in try? RegularFile(path: path, hashes: false) }, folder: folder)
        do {
            let batches = try survey(source, context)
            if context.hasErrors { throw context.error() }
            let fileDigest = try source.digest()
            let warnings = context.warnings
            return batches.enumerated().map { place, batch in
                ManifestBatch(
                    files: [name] + batch.plan.lists.map { context.sink(forList: $0.name).file }, plan: batch.plan,
                    prompts: batch.prompts.records, jobCount: batch.jobCount, isSampled: batch.isSampled,
                    digest: Self.digest(of: fileDigest, ordinal: place, batch), warnings: place == 0 ? warnings : [])
            }
        } catch let error as ManifestError {
            throw error
        } catch let failure as Spool.Failure {
            throw ManifestError.unwritable(name, "\(failure)")
        } catch {
            throw ManifestError.unreadable(name, "the manifest cannot be read: \(error)")
        }
    }

    private struct Surveyed {
        var plan: BatchPlan
        var prompts: PromptSpool
        /// Of the lists of prompts.
        var digests: [String]
        var jobs: BigNatural

        var isSampled: Bool { plan.sample.map { BigNatural($0.count) < jobs } ?? false }
        var jobCount: Int { isSampled ? plan.sample?.count ?? 0 : jobs.exactInt ?? .max }
    }

    private func survey(_ source: RegularFile, _ context: ManifestContext) throws -> [Surveyed] {
        let sink = context.sink
        let reader = NodeReader(source.parser(), sink: sink)
        var batches: [Surveyed] = []
        var names: [String: YAMLMark] = [:]
        var documents = 0
        var hasContent = false
        do {
            while let start = try reader.next() {
                guard documents < Schema.mostDocuments else {
                    throw YAMLError(.limit, "more than \(Schema.mostDocuments) documents in one file", at: start.start)
                }
                documents += 1
                let survey = PromptSurvey(context: context)
                var walker = DocumentWalker(reader: reader, sink: sink)
                var failure: YAMLError?
                do {
                    try walker.walk(onText: survey.take, onNode: survey.take)
                } catch let error as YAMLError {
                    failure = error
                }
                let header = walker.header
                hasContent = hasContent || !header.isEmpty
                if !header.isEmpty, !header.isUnusable {
                    let batch = try finish(survey, header, context)
                    checkName(batch.plan.settings.name, header, &names, sink: sink)
                    batches.append(batch)
                }
                if let failure { throw failure }
            }
            if !hasContent {
                sink.report(
                    "empty", "the manifest is empty", at: YAMLMark(line: 1, column: 1, offset: 0),
                    hint: "it needs `version: 1`, a `name`, a model and `prompts`")
            }
        } catch let error as YAMLError {
            sink.report(error)
        }
        return batches
    }

    private func finish(
        _ survey: PromptSurvey, _ header: DocumentHeader, _ context: ManifestContext
    ) throws -> Surveyed {
        let plan = BatchPlan(header, context: context)
        var batch = Surveyed(plan: plan, prompts: survey.prompts, digests: [], jobs: .zero)
        // Of a document that breaks off, what is missing is not known.
        guard header.isComplete else { return batch }
        batch.digests = try survey.take(plan.lists, isVerbatim: plan.variants == .none)
        var check = PromptCheck(plan: plan, survey: survey, header: header, context: context)
        batch.jobs = try check.count()
        return batch
    }

    private func checkName(
        _ name: String, _ header: DocumentHeader, _ names: inout [String: YAMLMark], sink: DiagnosticSink
    ) {
        guard !name.isEmpty, let node = header.value("name") else { return }
        if let first = names[name] {
            sink.report(
                "duplicate-name", "the batch name \(DisplayText.quoted(name)) is used twice in this file", at: node,
                hint: "the name is the batch's identity; give one of them another", notes: [("first used here", first)])
        } else {
            names[name] = node.start
        }
    }

    /// Of all that the expansion depends on. The constant changes when the same files would make other jobs.
    private static func digest(of file: String, ordinal: Int, _ batch: Surveyed) -> String {
        var hash = SHA256()
        hash.update(data: Array("nightjar manifest 3 \(ordinal) ".utf8))
        hash.update(data: Array(file.utf8))
        for digest in batch.plan.digests + batch.digests { hash.update(data: Array(" list \(digest)".utf8)) }
        batch.plan.wildcards.addDigest(to: &hash)
        return hash.finalize().hexadecimal
    }
}

extension RegularFile {
    /// A parser of what has not been read yet.
    func parser() -> YAMLParser {
        YAMLParser { buffer in try self.read(into: buffer) }
    }
}
