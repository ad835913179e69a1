import NightjarCore

@testable import NightjarRunner

/// A process that submits jobs and reconciles lost answers, in virtual time; it may be killed at any moment, and starts
/// again from what it has made durable.
struct SimulatedRun {
    /// What is on the disk.
    struct Disk {
        var states: [JobID: JobState] = [:]
        var attempts: [JobID: Int] = [:]
        var numbers: [JobID: Int] = [:]
        var ids: [JobID: RemoteJobID] = [:]
        /// All ids ever given to a job, duplicates too.
        var owners: [RemoteJobID: JobID] = [:]
        var accepted: [(id: RemoteJobID, at: Moment)] = []
        var open: [SubmissionID: OpenSubmission] = [:]
        var candidates: [RemoteJobID: Candidate] = [:]
        var anchors: Set<RemoteJobID> = []
        var knowledge = APIKnowledge()
        var duplicates: [RemoteJobID: JobID] = [:]
    }

    /// An answer on its way: an id, `nil` for a loss.
    struct Answer {
        var at: Int64
        var submission: SubmissionID
        var id: RemoteJobID?
        var loss: Loss?
    }

    struct Plan {
        var lossPercent = 40
        var failPercent = 10
        var throttlePercent = 5
        var killPercent = 1
        var rebootPercent = 20
        var cancelPercent = 1
        var strangersPerMinute: Int64 = 6
        /// Milliseconds: how late after a loss a request may be accepted, and a list lag (A1, A2).
        var latest: Int64 = 20_000
        var lag: Int64 = 10_000
        var attempts = 3
        var sharesSeed = false
        var concurrency = 8
    }

    var random: SimulationRandom
    var plan: Plan
    var api: SimulatedAPI
    var settings = Reconciler.Settings()
    var disk = Disk()
    let requests: [JobID: ImageRequest]
    var log: [String] = []

    /// True time, in milliseconds.
    var time: Int64 = 1_000_000
    private var bootID = "boot-1"
    private var bootZero: Int64 = 0
    private var clock = APIClock(bootID: "boot-1")
    var reconciler = Reconciler(knowledge: APIKnowledge())
    private var answers: [Answer] = []
    private var sentAt: [RemoteJobID: Int64] = [:]
    private var nextStranger: Int64 = 0
    private var calmAfter: Int64

    init(seed: UInt64, plan: Plan, api: SimulatedAPI, requests: [JobID: ImageRequest], calmAfter: Int64 = 600_000) {
        random = SimulationRandom(state: seed)
        self.plan = plan
        self.api = api
        self.requests = requests
        self.calmAfter = 1_000_000 + calmAfter
        for id in requests.keys { disk.states[id] = .pending }
    }

    var isCalm: Bool { time > calmAfter }
    var isOver: Bool { disk.states.values.allSatisfy { $0.isFinal } && disk.open.isEmpty }
    var isDecided: Bool { disk.states.values.allSatisfy { $0.isFinal } }

    func moment(_ time: Int64) -> Moment { clock.moment(at: .milliseconds(time - bootZero)) }
    var now: Moment { moment(time) }

    private mutating func say(_ words: String) {
        log.append("\(time - 1_000_000) \(words)")
    }

    // MARK: The process

    mutating func start() throws {
        for (id, submission) in disk.open.sorted(by: { $0.value.intent.boot < $1.value.intent.boot })
        where submission.lost == nil {
            let lost = OpenSubmission.Lost(Loss(.interrupted, "the process ended"), at: now)
            disk.open[id]?.lost = lost
            if disk.states[id.job] == .submitting { disk.states[id.job] = .unknown }
        }
        reconciler = Reconciler(settings, knowledge: disk.knowledge)
        let open = disk.open.values.map { submission in
            var submission = submission
            submission.jobState = disk.states[submission.id.job] ?? .pending
            return submission
        }
        reconciler.restore(
            open.sorted { ($0.id.job, $0.id.number) < ($1.id.job, $1.id.number) },
            candidates: disk.candidates.values.sorted { $0.id.rawValue < $1.id.rawValue }, accepted: disk.accepted)
        answers = []
        try list()
    }

    private mutating func kill() throws {
        // What is out may still arrive.
        say("killed")
        time += random.span(0...15_000)
        // Where the machine restarts before the API has told its time once, a submission is held for ever.
        if random.chance(plan.rebootPercent),
            disk.open.values.allSatisfy({ $0.intent.api != nil && ($0.lost == nil || $0.lost?.at.api != nil) })
        {
            say("machine restarted")
            bootZero = time - random.span(1_000...20_000)
            bootID = "boot-\(time)"
        }
        clock = APIClock(bootID: bootID)
        for submission in disk.open.values { clock.resume(from: submission.intent) }
        try start()
    }

    /// One turn of everything; virtual time goes on.
    mutating func step() throws {
        time += random.span(100...1_500)
        strangers()
        try deliver()
        poll()
        if let due = reconciler.nextList(at: now), due <= .zero { try list() }
        for id in reconciler.candidatesToRead(at: now).prefix(3) where !random.chance(20) {
            let reply = api.reply(id, at: time)
            try perform(reconciler.read(candidate: id, reply, at: now))
        }
        try perform(reconciler.tick(at: now))
        people()
        try submit()
        disk.knowledge = reconciler.knowledge
        if !isCalm, random.chance(plan.killPercent) { try kill() }
    }

    private mutating func strangers() {
        guard plan.strangersPerMinute > 0, time >= nextStranger, !isCalm else { return }
        nextStranger = time + 60_000 / plan.strangersPerMinute
        guard var request = requests.values.min(by: { $0.prompt < $1.prompt }) else { return }
        request.prompt = "a stranger's"
        if !plan.sharesSeed { request.seed = random.span(1_000_000...2_000_000_000) }
        _ = api.accept(request, at: time, takes: random.span(1_000...8_000), fails: random.chance(10), owner: nil)
    }

    private mutating func deliver() throws {
        for answer in answers where answer.at <= time {
            if let id = answer.id {
                guard disk.open[answer.submission] != nil else { continue }
                say("accepted \(answer.submission) as \(id)")
                give(id, to: answer.submission.job, at: now)
                disk.open[answer.submission] = nil
                reconciler.accepted(answer.submission, as: id, at: now)
            } else if let loss = answer.loss {
                guard disk.open[answer.submission]?.lost == nil else { continue }
                say("lost \(answer.submission) \(loss.kind)")
                let lost = OpenSubmission.Lost(loss, at: now)
                disk.open[answer.submission]?.lost = lost
                if disk.states[answer.submission.job] == .submitting { disk.states[answer.submission.job] = .unknown }
                try reconciler.lost(answer.submission, lost)
            } else {
                turnAway(answer.submission)
            }
        }
        answers.removeAll { $0.at <= time }
    }

    private mutating func give(_ id: RemoteJobID, to job: JobID, at moment: Moment) {
        guard disk.owners[id] == nil else { return }
        disk.owners[id] = job
        disk.accepted.append((id, moment))
        if disk.states[job] == .submitting || disk.states[job] == .unknown || disk.states[job] == .pending {
            disk.ids[job] = id
            disk.states[job] = .submitted
        } else {
            disk.duplicates[id] = job
        }
    }

    private mutating func turnAway(_ id: SubmissionID) {
        say("turned away \(id)")
        disk.open[id] = nil
        disk.numbers[id.job] = id.number
        let before = disk.open.values.filter { $0.id.job == id.job }.max { $0.id.number < $1.id.number }
        reconciler.ended(id, leaving: before?.isReplaced == true ? .unknown : .pending)
        if let before, before.isReplaced {
            disk.open[before.id]?.isReplaced = false
            // What it counted has served the one that was turned away.
            disk.open[before.id]?.firstCounted = nil
            disk.states[id.job] = .unknown
        } else {
            disk.states[id.job] = .pending
            disk.attempts[id.job, default: 1] -= 1
        }
    }

    private mutating func poll() {
        for job in disk.ids.keys.sorted() where disk.states[job] == .submitted {
            guard let id = disk.ids[job], let remote = api.reply(id, at: time), let request = requests[job] else {
                continue
            }
            switch remote.status {
            case .completed:
                reconciler.learned(from: remote, of: request, took: .milliseconds(remoteDuration(id)))
                disk.states[job] = .done
                say("done \(job.rawValue) by \(id)")
            case .failed:
                disk.states[job] = disk.attempts[job, default: 1] < plan.attempts ? .waiting : .failed
                say("failed \(job.rawValue) by \(id)")
            case .queued, .processing, .unheardOf: continue
            }
            reconciler.moved(job, to: disk.states[job] ?? .failed)
        }
    }

    private func remoteDuration(_ id: RemoteJobID) -> Int64 { api.job(id).map { $0.ends - $0.created } ?? 0 }

    private mutating func people() {
        guard !isCalm else {
            for job in disk.states.keys.sorted()
            where disk.states[job] == .cancelled && disk.open.keys.contains(where: { $0.job == job }) {
                disk.states[job] = .unknown
                say("taken back \(job.rawValue)")
                reconciler.moved(job, to: .unknown)
            }
            return
        }
        guard random.chance(plan.cancelPercent) else { return }
        guard let job = disk.states.filter({ $0.value == .unknown }).keys.min() else { return }
        say("cancelled \(job.rawValue)")
        disk.states[job] = .cancelled
        reconciler.moved(job, to: .cancelled)
    }

    private mutating func submit() throws {
        let running = disk.states.values.count { $0 == .submitting || $0 == .submitted || $0 == .unknown }
        guard running < plan.concurrency else { return }
        let taken = reconciler.taken(at: now)
        for job in requests.keys.sorted() where disk.states[job] == .pending || disk.states[job] == .waiting {
            guard let request = requests[job] else { continue }
            if let fingerprint = request.fingerprint, taken.contains(fingerprint) { continue }
            disk.attempts[job, default: 0] += 1
            try send(job, request)
            return
        }
    }

    private mutating func send(_ job: JobID, _ request: ImageRequest) throws {
        let number = disk.numbers[job, default: 0] + 1
        disk.numbers[job] = number
        let id = SubmissionID(job: job, number: number)
        let submission = OpenSubmission(
            id: id, batch: BatchID(1),
            reference: JobReference(key: JobKey(high: UInt64(job.rawValue), low: 0), index: 0),
            request: request, price: .zero, attempt: disk.attempts[job] ?? 1, intent: now, anchors: disk.anchors,
            sharesSeed: plan.sharesSeed)
        for other in disk.open.keys where other.job == job { disk.open[other]?.isReplaced = true }
        disk.open[id] = submission
        disk.states[job] = .submitting
        say("submits \(id)")
        try reconciler.began(submission)
        if !isCalm, random.chance(plan.killPercent) {
            // Killed before or while it leaves.
            if random.chance(50) { accept(request, job, within: plan.latest) }
            return try kill()
        }
        decideFate(id, request)
    }

    private mutating func accept(_ request: ImageRequest, _ job: JobID, within: Int64) {
        let id = api.accept(
            request, at: time + random.span(0...max(within, 0)), takes: random.span(500...15_000),
            fails: random.chance(isCalm ? 0 : plan.failPercent), owner: job)
        say("(\(id) for \(job.rawValue) made at \((api.job(id)?.created ?? 0) - 1_000_000))")
    }

    private mutating func decideFate(_ id: SubmissionID, _ request: ImageRequest) {
        let job = id.job
        if !isCalm, random.chance(plan.throttlePercent) {
            answers.append(Answer(at: time + random.span(20...500), submission: id))
            return
        }
        guard !isCalm, random.chance(plan.lossPercent) else {
            let made = time + random.span(10...2_000)
            let remote = api.accept(
                request, at: made, takes: random.span(500...15_000),
                fails: random.chance(isCalm ? 0 : plan.failPercent),
                owner: job)
            say("(\(remote) for \(job.rawValue) made at \(made - 1_000_000))")
            answers.append(Answer(at: made + random.span(10...500), submission: id, id: remote))
            return
        }
        let kinds: [Loss.Kind] = [.closed, .answered, .unreadable, .silent, .gateway]
        let kind = kinds.randomElement(using: &random) ?? .closed
        let loss = Loss(kind, "lost")
        let at = loss.mayBeAcceptedLate ? time + 30_000 : time + random.span(20...5_000)
        answers.append(Answer(at: at, submission: id, loss: loss))
        guard random.chance(50) else { return }
        let latest = loss.mayBeAcceptedLate ? 120_000 - (30_000 - plan.latest) : at - time + plan.latest
        accept(request, job, within: random.chance(30) ? latest : at - time)
    }

    // MARK: Lists

    private mutating func list() throws {
        if !isCalm, random.chance(10) {
            try perform(reconciler.listFailed("503", at: now))
            return
        }
        var reader = ListReader(reachingBackTo: reconciler.wantsReachBackTo)
        let sent = time
        let lag = random.chance(30) ? plan.lag : random.span(0...plan.lag)
        var after: RemoteJobID?
        while true {
            time += random.span(20...200)
            let page = api.page(at: time, lag: lag, after: after)
            time += random.span(20...200)
            if let date = page.date {
                clock.observe(
                    date: date, sent: .milliseconds(sent - bootZero), received: .milliseconds(time - bootZero))
            }
            guard case .page(let next) = reader.add(page) else { break }
            after = next
        }
        let reading = reader.reading
        let known = Set(reading.rows.map(\.id).filter { disk.owners[$0] != nil })
        disk.anchors = Set(reading.rows.prefix(5).map(\.id))
        try perform(reconciler.read(reading, asked: moment(sent), received: now, known: known))
    }

    private mutating func perform(_ steps: [Step]) throws {
        for step in steps {
            if !isCalm, random.chance(plan.killPercent) { return try kill() }
            switch step {
            case .noteCandidates(let found): for candidate in found { disk.candidates[candidate.id] = candidate }
            case .forgetCandidates(let ids): for id in ids { disk.candidates[id] = nil }
            case .noteEvidence(let id, let moment): disk.open[id]?.firstCounted = moment
            case .close(let ids): for id in ids { disk.open[id] = nil }
            case .duplicate(let id, let job):
                guard disk.owners[id] == nil else { continue }
                say("duplicate \(id) of \(job.rawValue)")
                disk.owners[id] = job
                disk.duplicates[id] = job
            case .adopt(let id, let remote):
                guard disk.owners[remote] == nil, disk.states[id.job] == .unknown else { continue }
                say("adopts \(remote) as \(id)")
                give(remote, to: id.job, at: now)
                disk.open[id] = nil
                reconciler.moved(id.job, to: .submitted)
            case .resubmit(let id, _, _, let usesTry): try resubmit(id, usesTry: usesTry)
            }
        }
    }

    private mutating func resubmit(_ id: SubmissionID, usesTry: Bool) throws {
        guard disk.states[id.job] == .unknown, reconciler.mayStillResubmit(id, at: now), let request = requests[id.job]
        else { return }
        if usesTry {
            if disk.attempts[id.job, default: 1] >= plan.attempts {
                say("no try left \(id)")
                disk.states[id.job] = .failed
                reconciler.moved(id.job, to: .failed)
                return
            }
            disk.attempts[id.job, default: 1] += 1
        }
        try send(id.job, request)
    }
}
