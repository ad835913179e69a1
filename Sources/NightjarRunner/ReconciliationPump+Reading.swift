internal import NightjarCore
internal import Synchronization

/// Lists and candidates.
extension ReconciliationPump {
    enum Listing: Sendable {
        case rows([JobList.Row])
        case failed
        /// No more requests are wanted in this run.
        case notAllowed
    }

    /// Reads the API's list, beyond its first page only as far back as an open submission needs, and carries out what
    /// follows from it.
    /// - Parameter batch: Whose rate and counts the requests go to.
    func readList(for batch: BatchID) async throws -> Listing {
        var reader = ListReader(reachingBackTo: knowledge.withLock { $0.machine.wantsReachBackTo })
        var firstSent: Duration?
        var after: RemoteJobID?
        while true {
            guard try await requests.permission(for: batch) else { return .notAllowed }
            let sent = state.time.now()
            firstSent = firstSent ?? sent
            let page: JobList
            do {
                page = try await service.jobs(after: after)
            } catch {
                requests.ended(RequestCounts(list: 1), batch: batch, failure: error)
                try await carryOut { $0.listFailed(error.words, at: $1) }
                return .failed
            }
            requests.ended(RequestCounts(list: 1), batch: batch, failure: nil)
            let received = state.time.now()
            if let date = page.date {
                knowledge.withLock { knowledge in
                    knowledge.clock.observe(date: date + page.age, sent: sent, received: received)
                    knowledge.machine.clockUncertainty = knowledge.clock.uncertainty
                }
            }
            guard case .page(let next) = reader.add(page) else { break }
            after = next
        }
        let list = reader.reading
        let known = try await store.knownIDs(among: list.rows.map(\.id))
        try await anchor(list)
        let asked = knowledge.withLock { $0.clock.moment(at: firstSent ?? .zero) }
        try await carryOut { machine, now in
            machine.read(list, asked: asked, received: now, known: known)
        }
        return .rows(list.rows)
    }

    /// Keeps the newest ids of the first list of this run: who shows one of them is the account of the submissions to come.
    func anchor(_ list: ListReading) async throws {
        let isFirst = knowledge.withLock { knowledge in
            defer { knowledge.isAnchored = knowledge.isAnchored || !list.rows.isEmpty }
            return !knowledge.isAnchored
        }
        guard isFirst, !list.rows.isEmpty else { return }
        let newest = list.rows.sorted {
            ($0.createdAt ?? WallTime(milliseconds: .min)) > ($1.createdAt ?? WallTime(milliseconds: .min))
        }
        try await store.noteAnchors(newest.prefix(Self.anchorCount).map(\.id), at: now)
    }

    /// The candidates to ask for now.
    func takeCandidates() -> [RemoteJobID] {
        knowledge.withLock { knowledge in
            let room = Self.mostReading - knowledge.reading.count
            guard room > 0 else { return [] }
            let wanted = knowledge.machine.candidatesToRead(at: knowledge.clock.moment(at: state.time.now()))
            let time = state.time.now()
            var chosen: [RemoteJobID] = []
            for id in wanted where chosen.count < room && !knowledge.reading.contains(id) {
                if !knowledge.machine.isPressing(id) {
                    // One in ten requests at most, and the pressing ones come first.
                    guard chosen.isEmpty, time >= knowledge.nextWatched else { break }
                    let rate = state.settings.rate
                    knowledge.nextWatched = time + rate.window.duration * 10 / rate.requests
                }
                chosen.append(id)
            }
            knowledge.reading.formUnion(chosen)
            return chosen
        }
    }

    func read(_ id: RemoteJobID, for batch: BatchID) async throws {
        guard try await requests.permission(for: batch) else { return }
        let reply: RemoteJob?
        do {
            reply = try await service.job(id)
            requests.ended(RequestCounts(get: 1), batch: batch, failure: nil)
        } catch {
            // Another's job may be forbidden, or gone: that says nothing about the account.
            let isForbidden = if case .refused(let trouble) = error { trouble.kind == .forbidden } else { false }
            requests.ended(RequestCounts(get: 1), batch: batch, failure: isForbidden ? .notFound : error)
            guard error == .notFound || isForbidden else { return }
            reply = nil
        }
        try await carryOut { $0.read(candidate: id, reply, at: $1) }
    }
}
