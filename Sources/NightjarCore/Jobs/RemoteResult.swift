/// What the API says about a completed job.
package struct RemoteResult: Hashable, Sendable {
    package var url: String
    /// Pixels; `nil` where the API does not say.
    package var width: Int?
    package var height: Int?
    /// The seed that the API reports; `nil` where it does not.
    package var seed: Int64?

    package init(url: String, width: Int? = nil, height: Int? = nil, seed: Int64? = nil) {
        self.url = url
        self.width = width
        self.height = height
        self.seed = seed
    }
}

/// A file that is whole, hashed, named and on disk.
package struct OutputFile: Hashable, Sendable {
    /// Relative to the output folder.
    package var path: String
    /// 64 lower-case hexadecimal digits.
    package var sha256: String
    package var bytes: Int64
    /// Pixels, measured in the file.
    package var width: Int
    package var height: Int

    package init(path: String, sha256: String, bytes: Int64, width: Int, height: Int) {
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self.width = width
        self.height = height
    }
}
