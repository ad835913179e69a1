import Crypto
import Foundation
import NightjarTestSupport
import Testing

extension Workbench {
    /// Expects that the batch `batch` is at its end: all that is done is on the disk, whole and described, and nothing else.
    func expectWhole(
        done: Int, failed: Int = 0, duplicates: Int = 0, sidecars: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let batch = try await batch()
        #expect(batch.done == done, "\(batch)", sourceLocation: sourceLocation)
        #expect(batch.failed == failed, "\(batch)", sourceLocation: sourceLocation)
        #expect(batch.total == done + failed, "\(batch)", sourceLocation: sourceLocation)
        #expect(batch.duplicates == duplicates, "\(batch)", sourceLocation: sourceLocation)
        let files = files("output")
        #expect(files.filter(isRemains) == [], sourceLocation: sourceLocation)
        let images = files.filter { $0.hasSuffix(".png") }
        #expect(images.count == done + duplicates, "\(images)", sourceLocation: sourceLocation)
        let delivered = try await jobs().filter { $0.state == "done" }
        for job in delivered {
            let path = try #require(job.path)
            #expect(try sha256(of: "output/\(path)") == job.sha256, "\(path)", sourceLocation: sourceLocation)
            let stem = path.dropLast(4)
            if sidecars {
                #expect(try read("output/\(stem).txt") == job.prompt, sourceLocation: sourceLocation)
                #expect(try read("output/\(stem).json").contains(job.sha256 ?? "-"), sourceLocation: sourceLocation)
            }
        }
        let described = try read("output/batch/metadata.jsonl").split(separator: "\n").map { line in
            try JSONDecoder().decode(Described.self, from: Data(line.utf8))
        }
        #expect(
            Set(described.map(\.sha256)) == Set(delivered.compactMap(\.sha256)), sourceLocation: sourceLocation)
        #expect(described.count == done, sourceLocation: sourceLocation)
    }

    /// What an interrupted process may leave for the next to clean up.
    private func isRemains(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.hasSuffix(".part") || name.hasSuffix(".tmp") || name.hasPrefix(".nightjar-")
    }

    func sha256(of name: String) throws -> String {
        let data = try Data(contentsOf: folder.url.appending(path: name))
        return SHA256.hash(data: data).map { String(format: "%02x", $0) }.joined()
    }

    /// A line of `metadata.jsonl`.
    private struct Described: Decodable {
        var file_name: String
        var sha256: String
    }
}
