package import NightjarCore

/// The operator's settings of a run.
package struct RunSettings: Sendable {
    /// Unfinished jobs at the API at one time, at least 1.
    package var concurrency = 8
    package var rate = Rate(requests: 5, per: .second)
    /// Files fetched at one time, at least 1.
    package var downloads = 4
    /// `nil`: no limit.
    package var maxDuration: Duration?
    /// At the time limit: see the running jobs home (`true`), or end at once.
    package var drainsAtTimeLimit = true
    /// The longest drain, after a signal or the time limit.
    package var drainTimeout: Duration = .seconds(300)
    /// New submissions in this run; `nil`: no limit.
    package var maxJobs: Int?
    /// Spent in this run; `nil`: no limit.
    package var budget: Money?
    /// By model, for one image.
    package var prices: [String: Money] = [:]
    /// Without one good answer; a minute at most where the API has not given one yet in this run.
    package var giveUpAfter: Duration = .seconds(900)
    /// Silence after which a submission counts as lost; also bounds how late a gateway may pass one on.
    package var timeout: Duration = .seconds(30)
    /// After a loss: how late the API may accept, and how old its list may be, together.
    package var settle: Duration = .seconds(30)
    /// How long a run that has only `unknown` jobs left goes on asking when nothing more is learnt.
    package var unknownWait: Duration = .seconds(60)
    /// Percent: a batch stops when, of at least 20 ended jobs, more failed; `nil`: it goes on.
    package var failFast: Int?
    /// Jobs of a batch without an image yet that go alone; 0: none.
    package var pilot = 3
    /// Bytes; with less free in the output folder nothing more is submitted.
    package var minFree: Int64 = 1 << 30
    /// What all batches may cost from midnight to midnight; `nil`: no limit.
    package var daily: DailyLimits?
    /// Unfinished jobs of a model at one time, at least 1; of one that is not named, any number.
    package var modelConcurrency: [String: Int] = [:]
    /// By folder: `concurrency` and `rate` for all batches of the inbox together.
    package var inboxLimits: [String: BatchSettings.Limits] = [:]
    /// Never over by itself (the daemon): batches come while it runs, and it waits, and probes, where a run would end: for
    /// a top-up or another key, an API that answers, room on the disk, the next day.
    package var isService = false

    /// With what a person has set while it runs.
    func replaced(by overrides: LimitOverrides) -> RunSettings {
        var settings = self
        if let concurrency = overrides.concurrency { settings.concurrency = concurrency }
        if let rate = overrides.rate { settings.rate = rate }
        return settings
    }

    package init() {}
}

/// Why a run stops before everything is done.
package enum StopReason: Hashable, Sendable {
    case interrupted
    case terminated
    /// 402.
    case accountBlocked(String)
    /// 401, or 403 on a request that is not a submission: no API request more is sent.
    case keyRefused(String)
    /// 403 on a submission: what runs is brought home.
    case forbidden(String)
    case cannotWrite(String)
    /// Less room than `--min-free`: what runs is brought home.
    case lowOnSpace(String)
    case unavailable(String)
    case timeLimit
    case internalError(String)

    var exitCode: ExitCode {
        switch self {
        case .interrupted: .interrupted
        case .terminated: .terminated
        case .accountBlocked: .accountBlocked
        case .keyRefused, .forbidden: .keyRefused
        case .cannotWrite, .lowOnSpace: .cannotWrite
        case .unavailable: .apiUnavailable
        case .timeLimit: .timeLimit
        case .internalError: .internalError
        }
    }

    /// What happened and what to do, in one line.
    var words: String {
        switch self {
        case .interrupted: "interrupted; the rest is taken up by the next run"
        case .terminated: "terminated; the rest is taken up by the next run"
        case .accountBlocked(let words): "the account is blocked, top it up and run again (\(words))"
        case .keyRefused(let words): "the key is refused, check it and run again (\(words))"
        case .forbidden(let words): "the key lacks a permission, check it and run again (\(words))"
        case .cannotWrite(let words), .lowOnSpace(let words): words
        case .unavailable(let words): "the API could not be reached or kept failing (\(words))"
        case .timeLimit: "the time limit is reached; the rest is taken up by the next run"
        case .internalError(let words): "internal error: \(words)"
        }
    }

    /// Whether someone waits for the end: what is at the API after `--drain-timeout` is left to the next run.
    var limitsDrain: Bool {
        switch self {
        case .interrupted, .terminated, .timeLimit: true
        case .accountBlocked, .keyRefused, .forbidden, .cannotWrite, .lowOnSpace, .unavailable, .internalError: false
        }
    }

    /// Whether jobs that are at the API are still asked for.
    var allowsRequests: Bool {
        switch self {
        case .interrupted, .terminated, .accountBlocked, .forbidden, .timeLimit, .cannotWrite, .lowOnSpace: true
        case .keyRefused, .unavailable, .internalError: false
        }
    }

    /// Whether finished images are still fetched.
    var allowsDownloads: Bool {
        switch self {
        case .interrupted, .terminated, .accountBlocked, .forbidden, .timeLimit, .keyRefused, .unavailable, .lowOnSpace:
            true
        case .cannotWrite, .internalError: false
        }
    }
}

/// How a run ended.
package struct RunOutcome: Equatable, Sendable {
    package var exit: ExitCode
    /// It was stopped since the state or the output could not be written, whatever the code tells.
    package var couldNotWrite = false
    /// In one line, for people; empty where everything is done.
    package var reason: String
    /// What must change before the same command would do more, in words; empty where nothing must.
    package var needs: [String] = []
    package var batches: [BatchProgress]

    /// Something went wrong after the run; where several codes apply, the first in `ExitCode.precedence` counts.
    package mutating func add(_ code: ExitCode, _ words: String) {
        guard ExitCode.precedence.first(where: { $0 == code || $0 == exit }) == code else { return }
        exit = code
        reason = words
    }
}
