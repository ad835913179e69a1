import Logging

/// The workers: each takes the oldest job, waits as long as the job is to last, draws it, and takes the next.
struct Workers: Sendable {
    let store: QueueStore
    let images: ImageFolder
    let renderer: any ImageRenderer
    let wakeup: Wakeup
    let count: Int
    let jobTime: Duration
    let logger: Logger

    /// The model whose jobs always end FAILED, so that failures can be rehearsed.
    static let failingModel = "test/fail"

    /// Runs until the task is cancelled. What is being waited for then stays PROCESSING, and is taken up by the next
    /// process.
    func run() async {
        var left: [StoredJob] = []
        while !Task.isCancelled {
            do {
                left = try await store.adopt(workers: count)
                break
            } catch {
                await waitAfter(error)
            }
        }
        await withDiscardingTaskGroup { group in
            for number in 0..<count {
                let first = number < left.count ? left[number] : nil
                group.addTask { await work(first) }
            }
        }
    }

    private func work(_ first: StoredJob?) async {
        var job = first
        while true {
            let seen = wakeup.rings
            if let current = job {
                guard let outcome = await process(current) else { return }
                job = await advance((current.id, outcome))
            } else if Task.isCancelled {
                return
            } else {
                job = await advance(nil)
                if job == nil { await wakeup.wait(after: seen) }
            }
        }
    }

    /// Records and claims, as often as it takes.
    private func advance(_ finished: (id: String, outcome: Outcome)?) async -> StoredJob? {
        while true {
            do {
                return try await store.advance(finished, takesNext: !Task.isCancelled)
            } catch {
                if Task.isCancelled { return nil }
                await waitAfter(error)
            }
        }
    }

    private func waitAfter(_ error: any Error) async {
        logger.error("the queue cannot be written", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .seconds(1))
    }

    /// - Returns: `nil` when the task was cancelled.
    private func process(_ job: StoredJob) async -> Outcome? {
        let lasts = Self.duration(of: job.seed, jobTime)
        let gone = Duration.milliseconds(wallMilliseconds() - (job.startedMs ?? wallMilliseconds()))
        do {
            if lasts > gone { try await Task.sleep(for: min(lasts, lasts - gone)) }
            if job.model == Self.failingModel { return .failed("the model refused") }
            let image = try await renderer.render(job.renderJob)
            let name = job.imageStem + Self.fileExtension(image.mediaType)
            try await images.write(image.bytes, to: name)
            return .completed(image: name, width: image.width, height: image.height)
        } catch is CancellationError where Task.isCancelled {
            return nil
        } catch {
            logger.error("a job failed", metadata: ["job.id": "\(job.id)", "error": "\(error)"])
            return .failed(String(describing: error))
        }
    }

    /// How long a job is PROCESSING before it is drawn: 0.7 to 1.3 times `jobTime`, by its seed.
    static func duration(of seed: Int64, _ jobTime: Duration) -> Duration {
        var dice = Dice(seed: UInt64(bitPattern: seed))
        return jobTime * dice.number(0.7...1.3)
    }

    private static func fileExtension(_ mediaType: String) -> String {
        switch mediaType {
        case "image/jpeg": ".jpg"
        case "image/webp": ".webp"
        case "image/gif": ".gif"
        default: ".png"
        }
    }
}
