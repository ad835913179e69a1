import Foundation
import NightjarCore
import NightjarFiles
import NightjarTestSupport
import Testing

let foxKey = JobKey(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
let foxKeyText = "0123456789abcdeffedcba9876543210"
let foxTemporaryName = ".nightjar-neon-\(foxKeyText).part"

/// A job of the batch `neon`.
func foxJob(
    path: String = "${batch}/${index:03}-${slug}.${ext}", index: Int = 7, prompt: String = "A fox", seed: Int64? = 42,
    sidecars: [BatchSettings.Sidecar] = [], mayBeInPlace: Bool = false,
    place: OutputJob.Place = .tree
) -> OutputJob {
    OutputJob(
        batch: "neon", index: index, key: foxKey, label: nil,
        request: ImageRequest(
            prompt: prompt, parameters: .init(model: "m/1", width: 13, height: 7, cfgScale: 7), seed: seed),
        remoteID: RemoteJobID("job-1"), variables: nil, meta: #"{"split":"test"}"#,
        createdAt: WallTime(milliseconds: 1_772_330_645_678), pathTemplate: path, sidecars: sidecars,
        mayBeInPlace: mayBeInPlace, place: place)
}

extension OutputFolder {
    convenience init(_ folder: TemporaryFolder, _ name: String = "out") {
        self.init(path: folder.path(name), maxImageBytes: 1 << 20)
    }

    /// Writes an image as a download does: in pieces.
    @discardableResult
    func save(
        _ job: OutputJob, _ bytes: [UInt8] = Fixture.png.bytes, pieces: Int = 40,
        result: RemoteResult = RemoteResult(url: "https://example.org/1", width: 13, height: 7)
    ) async throws(OutputFailure) -> OutputFile {
        try await deliver(job, bytes, pieces: pieces, result: result).file
    }

    /// The same, and says what the file is.
    func deliver(
        _ job: OutputJob, _ bytes: [UInt8], pieces: Int = 5000, result: RemoteResult = RemoteResult(url: "")
    ) async throws(OutputFailure) -> Delivery {
        let file = begin(job)
        do {
            try write(bytes, to: file, pieces: pieces)
        } catch {
            file.abandon()
            throw error
        }
        return try await file.finish(result)
    }

    func write(_ bytes: [UInt8], to file: any PendingOutput, pieces: Int = 40) throws(OutputFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            let result = piece.withUnsafeBytes { bytes in
                Result { () throws(OutputFailure) in try file.write(bytes) }
            }
            try result.get()
        }
    }
}

extension TemporaryFolder {
    /// Every file and link below the folder, hidden ones too, in order.
    var tree: [String] {
        let all = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return all.filter {
            let type = try? FileManager.default.attributesOfItem(atPath: path($0))[.type] as? FileAttributeType
            return type != .typeDirectory
        }.sorted()
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: url.appending(path: name)))
    }

    func text(_ name: String) throws -> String {
        String(decoding: try bytes(name), as: UTF8.self)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createDirectory(
            at: url.appending(path: name).deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }
}

/// The words of an `OutputFailure`, after its kind.
func words(of failure: OutputFailure?) -> String {
    switch failure {
    case .unwritable(let words): "unwritable: \(words)"
    case .notAnImage(let words): "not an image: \(words)"
    case .wrongSize(let words): "wrong size: \(words)"
    case nil: "no failure"
    }
}
