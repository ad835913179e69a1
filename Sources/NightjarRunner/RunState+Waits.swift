internal import NightjarCore
internal import Synchronization

/// Why each batch waits, for people.
extension RunState {
    /// - Parameters:
    ///   - closure: What all submissions wait for at the gate.
    ///   - standstill: What the counts do not tell.
    /// - Returns: By the batch's name; one that moves has none.
    func waits(closure: Circuit.Closure?, standstill: Standstill?) -> [String: RunSnapshot.Wait] {
        let (wall, now) = (time.wall(), time.now())
        func moment(_ time: Duration?) -> WallTime? { time.map { wall + ($0 - now) } }
        return state.withLock { state in
            var waits: [String: RunSnapshot.Wait] = [:]
            for id in state.order {
                guard let batch = state.batches[id], batch.isAsked, batch.count(.pending, .waiting) > 0 else {
                    continue
                }
                if let wait = standing(batch, in: state, wall: wall) {
                    waits[batch.name] = wait
                } else if let closure {
                    waits[batch.name] = Self.gateWait(closure, until: moment(closure.until))
                } else if let standstill, standstill.batch == nil || standstill.batch == id,
                    standstill.kind != .schedule([])
                {
                    waits[batch.name] = RunSnapshot.Wait(
                        standstill.kind == .pilot ? .pilot : .unknown, standstill.words,
                        until: moment(standstill.until))
                } else if let wait = passing(batch, in: state, wall: wall) {
                    waits[batch.name] = wait
                }
            }
            return waits
        }
    }

    /// What holds the whole batch, whatever is under way.
    private func standing(_ batch: Batch, in state: State, wall: WallTime) -> RunSnapshot.Wait? {
        if !state.stops.isEmpty { return .init(.stopping, "the process ends, and sees home what runs") }
        if let words = state.diskTrouble {
            return .init(.disk, words, action: "make room, or make it writable; it goes on by itself")
        }
        let name = batch.name
        if batch.isPaused {
            return .init(.paused, "is paused", action: batch.resumeCommand)
        }
        if let halted = batch.halted {
            return .init(.failures, "was stopped: \(halted)", action: "nightjar retry \(name)")
        }
        if let words = batch.times.timetable?.words(at: wall) {
            switch batch.times.phase {
            case .closed(let until):
                let isEarly = batch.settings.schedule?.notBefore.map { $0 > wall } ?? false
                return .init(isEarly ? .notBefore : .window, words, until: until)
            case .over: return .init(.deadline, words)
            case .open: break
            }
        }
        if let model = missingPrice(of: batch, in: state) {
            return .init(
                .budget, "has a budget, and its model \(model) no price",
                action:
                    "write `prices: {\(model): 0.01}` into the configuration, and have it read again: systemctl reload nightjar"
            )
        }
        if allowance(for: batch, in: state) == 0 {
            return .init(.budget, "has used up its own limits (`max_jobs`, `budget`)")
        }
        if let day = state.day, dayIsUsedUp(for: batch, in: state) {
            return .init(
                .daily, "waits for another day, \(day.endText(from: wall)): \(day.name) is used up", until: day.end)
        }
        if batch.unpaused == 0 {
            return .init(.paused, "has only paused jobs left", action: batch.resumeCommand)
        }
        return nil
    }

    private static func gateWait(_ closure: Circuit.Closure, until: WallTime?) -> RunSnapshot.Wait {
        switch closure.kind {
        case .account:
            .init(
                .account, closure.reason, until: until,
                action: "put the account or the key right; it is tried again by itself")
        case .silent: .init(.api, closure.reason, until: until)
        case .throttled: .init(.throttled, closure.reason, until: until)
        }
    }

    /// What ends as jobs do.
    private func passing(_ batch: Batch, in state: State, wall: WallTime) -> RunSnapshot.Wait? {
        if isBehindWithDownloads(state) { return .init(.downloads, "waits until finished images are fetched") }
        if batch.claimable(at: wall) == 0, !batch.waitsForSeeds, batch.count(.waiting) > 0 {
            return .init(.retry, "waits to try failed jobs again", until: batch.nextDue)
        }
        if batch.pilotRoom(at: wall) == 0, let pilot = batch.pilot {
            return .init(.pilot, "its first \(pilot) jobs go alone until one brings an image")
        }
        // What has jobs under way moves as they finish.
        guard batch.unfinished == 0 else { return nil }
        if state.unfinished >= state.settings.concurrency {
            return .init(
                .limit, "waits for a free slot: \(state.unfinished) of \(state.settings.concurrency) are taken")
        }
        return .init(.limit, "waits for its turn")
    }
}
