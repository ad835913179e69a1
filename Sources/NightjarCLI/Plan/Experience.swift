internal import NightjarCore
internal import NightjarStore

/// What images of a state were like: how long they took, how large they are.
struct Experience: Equatable, Sendable {
    private let durations: [String: Duration]
    /// Mean bytes by width times height.
    private let bytes: [Int: Double]
    /// Mean bytes of a pixel; `nil` where no image is known.
    private let bytesPerPixel: Double?

    /// Of a detailed PNG, where nothing better is known.
    static let usualBytesPerPixel = 1.5
    /// What the API makes of a request without a size.
    static let usualSide = 1024

    init(_ images: [FinishedImage]) {
        durations = Dictionary(grouping: images, by: \.model).compactMapValues { images in
            // A few that waited for the next run take days: the middle one is what is usual.
            let sorted = images.map(\.duration).sorted()
            return sorted.isEmpty ? nil : sorted[sorted.count / 2]
        }
        let sized = images.filter { $0.pixels > 0 }
        bytes = Dictionary(grouping: sized, by: \.pixels).mapValues { images in
            images.reduce(0) { $0 + Double($1.bytes) } / Double(images.count)
        }
        let pixels = sized.reduce(0) { $0 + Double($1.pixels) }
        bytesPerPixel = pixels > 0 ? sized.reduce(0) { $0 + Double($1.bytes) } / pixels : nil
    }

    /// Whether sizes are known, not guessed.
    var knowsSizes: Bool { bytesPerPixel != nil }

    /// The usual time from the submission to the file; `nil` where a model has made none yet.
    func duration(of jobs: [String: Int]) -> Duration? {
        var sum = 0.0
        var count = 0
        for (model, jobs) in jobs {
            guard let duration = durations[model] else { return nil }
            sum += duration.inSeconds * Double(jobs)
            count += jobs
        }
        return count > 0 ? .milliseconds(Int64(sum / Double(count) * 1000)) : nil
    }

    /// Of one image.
    func bytes(of parameters: ImageRequest.Parameters) -> Double {
        let pixels = (parameters.width ?? Self.usualSide) * (parameters.height ?? Self.usualSide)
        return bytes[pixels] ?? Double(pixels) * (bytesPerPixel ?? Self.usualBytesPerPixel)
    }
}
