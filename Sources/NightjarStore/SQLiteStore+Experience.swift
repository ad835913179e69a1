internal import GRDB
internal import NightjarCore

/// What is known of an image that was made, for guessing at those to come.
package struct FinishedImage: Equatable, Sendable {
    package var model: String
    /// Width times height; 0 where that is not known.
    package var pixels: Int
    package var bytes: Int64
    /// From the submission to the file.
    package var duration: Duration

    package init(model: String, pixels: Int, bytes: Int64, duration: Duration) {
        self.model = model
        self.pixels = pixels
        self.bytes = bytes
        self.duration = duration
    }
}

extension SQLiteStore {
    /// Images of all batches, at most `limit`.
    package func finishedImages(limit: Int) async throws -> [FinishedImage] {
        try await read { db in
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT model, jobs.width * jobs.height AS pixels, bytes, updated_at_ms - submitted_at_ms AS duration
                    FROM jobs JOIN parameters ON parameters.id = parameters_id
                    WHERE state = 'done' AND bytes IS NOT NULL AND submitted_at_ms IS NOT NULL LIMIT ?
                    """, arguments: [limit])
            var images: [FinishedImage] = []
            while let row = try rows.next() {
                images.append(
                    FinishedImage(
                        model: row["model"], pixels: row["pixels"] ?? 0, bytes: row["bytes"],
                        duration: .milliseconds(max(0, row["duration"] as Int64))))
            }
            return images
        }
    }
}
