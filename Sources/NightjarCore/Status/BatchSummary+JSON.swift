extension BatchSummary {
    /// The batch as `status --json` shows it.
    package func json(now: WallTime) -> JSONWriter {
        var requests = JSONWriter()
        requests.add("submit", self.requests.submit)
        requests.add("get", self.requests.get)
        requests.add("list", self.requests.list)
        requests.add("download", self.requests.download)
        var line = JSONWriter()
        line.add("name", settings.name)
        line.add("total", total)
        line.add(
            counts,
            [
                .pending, .submitting, .submitted, .ready, .unknown, .waiting, .done, .failed, .filtered, .cancelled,
            ])
        line.add("paused", paused)
        line.add("eta_seconds", etaSeconds)
        line.add("requests", requests)
        line.add("rate_limited", self.requests.rateLimited)
        line.add("duplicates", duplicates)
        line.add("spent", spent)
        var held = JSONWriter()
        for (reason, jobs) in self.held.sorted(by: { $0.key < $1.key }) { held.add(reason, jobs.jobs) }
        line.add("held", held)
        line.add("waits", ScheduleWait(self, at: now)?.json)
        return line
    }
}

extension JSONWriter {
    /// Every state by its name, those that count 0 too.
    package mutating func add(_ counts: [JobState: Int], _ states: [JobState]) {
        for state in states { add(state.rawValue, counts[state, default: 0]) }
    }
}
