internal import NightjarCore

/// What is worth a second look in the jobs of one batch: each kind once, with how many jobs and where the first one is.
struct PlanWarnings {
    struct Warning: Equatable, Sendable {
        let jobs: Int
        let first: SourcePlace
        /// Without the place.
        let words: String
    }

    private enum Kind: Hashable {
        case size(Int, Int)
        case longPrompt
        case unknownModel(String)
    }

    /// Beyond this, APIs refuse prompts or leave out their end.
    static let longPrompt = 2000
    /// Kinds that are told.
    private static let mostKinds = 20
    /// What the autoencoders of the usual models divide sizes by.
    private static let sizeStep = 8

    /// `nil` where nobody knows which models there are.
    private let models: Set<String>?
    private var found: [Kind: (jobs: Int, first: SourcePlace)] = [:]
    private var order: [Kind] = []
    private var longest = 0

    init(models: Set<String>?) {
        self.models = models
    }

    mutating func look(at job: PlannedJob) {
        let parameters = job.parameters
        let (width, height) = (parameters.width ?? 0, parameters.height ?? 0)
        if width % Self.sizeStep != 0 || height % Self.sizeStep != 0 { add(.size(width, height), job) }
        // Bytes first: they are counted at once.
        if job.prompt.utf8.count > Self.longPrompt {
            let length = job.prompt.unicodeScalars.count
            if length > Self.longPrompt {
                longest = max(longest, length)
                add(.longPrompt, job)
            }
        }
        if let models, !models.contains(parameters.model) { add(.unknownModel(parameters.model), job) }
    }

    private mutating func add(_ kind: Kind, _ job: PlannedJob) {
        if found[kind] != nil {
            found[kind]?.jobs += 1
        } else if found.count < Self.mostKinds {
            found[kind] = (1, job.place)
            order.append(kind)
        }
    }

    /// In the order in which they came up.
    var all: [Warning] {
        order.compactMap { kind in
            found[kind].map { Warning(jobs: $0.jobs, first: $0.first, words: words(kind, jobs: $0.jobs)) }
        }
    }

    private func words(_ kind: Kind, jobs: Int) -> String {
        let who = jobs == 1 ? "1 job" : "\(jobs.grouped) jobs"
        let (ask, have) = jobs == 1 ? ("asks", "has") : ("ask", "have")
        switch kind {
        case .size(let width, let height):
            let size =
                width == 0 ? "a height of \(height)" : height == 0 ? "a width of \(width)" : "\(width)x\(height)"
            return "\(who) \(ask) for \(size), but most models make multiples of \(Self.sizeStep)"
        case .longPrompt:
            let most = jobs == 1 ? "" : ", up to \(longest.grouped)"
            return
                "\(who) \(have) a prompt of more than \(Self.longPrompt.grouped) characters\(most): APIs refuse such "
                + "prompts, or leave out the end"
        case .unknownModel(let model):
            let near = models.flatMap { nearest(to: model, among: $0.sorted()) }
            let hint = near.map { "; did you mean `\(Cells.plain($0))`?" } ?? ""
            return "\(who) \(ask) for the model `\(Cells.plain(model))`, which the API did not list\(hint)"
        }
    }
}
