import Crypto
import NightjarCore
import YAMLStream

/// A manifest on disk.
package struct ManifestFile {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    /// Reads and checks the whole file, one batch a document; memory does not grow with its length, but for the ids.
    /// - Throws: Everything that is wrong with it, at once.
    package func load() throws(ManifestError) -> [ManifestBatch] {
        let source: RegularFile
        do {
            source = try RegularFile(path: path, hashes: true)
        } catch {
            throw ManifestError.unreadable(path, "the manifest cannot be read: \(error)")
        }
        let sink = DiagnosticSink(file: path)
        let plans = survey(source, sink: sink)
        let fileDigest: [UInt8]
        do {
            if sink.hasErrors { throw sink.error() }
            fileDigest = try source.digest()
        } catch let error as ManifestError {
            throw error
        } catch {
            throw ManifestError.unreadable(path, "the manifest cannot be read: \(error)")
        }
        let warnings = sink.diagnostics()
        return plans.enumerated().map { place, plan in
            ManifestBatch(
                path: path, ordinal: plan.ordinal, plan: plan.plan, jobCount: plan.jobs, fileDigest: fileDigest,
                digest: Self.digest(of: fileDigest, ordinal: place), warnings: place == 0 ? warnings : [])
        }
    }

    private struct Surveyed {
        /// Among all documents of the file.
        var ordinal: Int
        var plan: BatchPlan
        var jobs: Int
    }

    private func survey(_ source: RegularFile, sink: DiagnosticSink) -> [Surveyed] {
        let reader = NodeReader(source.parser(), sink: sink)
        var plans: [Surveyed] = []
        var names: [String: YAMLMark] = [:]
        var ordinal = 0
        var hasContent = false
        do {
            while let start = try reader.next() {
                guard ordinal < Schema.mostDocuments else {
                    throw YAMLError(.limit, "more than \(Schema.mostDocuments) documents in one file", at: start.start)
                }
                let survey = PromptSurvey(sink: sink)
                var walker = DocumentWalker(reader: reader, sink: sink)
                var failure: (any Error)?
                do {
                    try walker.walk(onText: survey.take, onNode: survey.take)
                } catch {
                    failure = error
                }
                let header = walker.header
                hasContent = hasContent || !header.isEmpty
                if !header.isEmpty, !header.isUnusable {
                    let plan = BatchPlan(header, sink: sink)
                    let jobs = survey.finish(plan, header)
                    checkName(plan.settings.name, header, &names, sink: sink)
                    plans.append(Surveyed(ordinal: ordinal, plan: plan, jobs: jobs))
                }
                if let failure { throw failure }
                ordinal += 1
            }
            if !hasContent {
                sink.report(
                    "empty", "the manifest is empty", at: YAMLMark(line: 1, column: 1, offset: 0),
                    hint: "it needs `version: 1`, a `name`, a model and `prompts`")
            }
        } catch let error as YAMLError {
            sink.report(error)
        } catch {
            sink.report("unreadable", "\(error)", at: YAMLMark(line: 1, column: 1, offset: 0))
        }
        return plans
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

    /// Of all that the expansion depends on. The constant changes when the same file would make other jobs.
    private static func digest(of file: [UInt8], ordinal: Int) -> String {
        var hash = SHA256()
        hash.update(data: Array("nightjar manifest 1 \(ordinal) ".utf8))
        hash.update(data: file)
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

extension RegularFile {
    /// A parser of what has not been read yet.
    func parser() -> YAMLParser {
        YAMLParser { buffer in try self.read(into: buffer) }
    }
}
