package import NightjarCore

extension InboxSettings {
    /// What holds for a batch that is dropped here: its own settings, within those of the inbox.
    ///
    /// The inbox's `concurrency` and `rate` are not among them: these bound all its batches together.
    package func settings(for batch: BatchSettings) -> BatchSettings {
        var settings = batch
        settings.origin = BatchSettings.Origin(inbox: path, output: output, weight: weight)
        settings.limits.maxJobs = Self.stricter(batch.limits.maxJobs, limits.maxJobs)
        settings.limits.budget = Self.stricter(batch.limits.budget, limits.budget)
        if let priority {
            var schedule = batch.schedule ?? BatchSettings.Schedule()
            // 0 is what a manifest has that names none.
            schedule.priority = schedule.priority == 0 ? priority : min(schedule.priority, priority)
            settings.schedule = schedule
        }
        return settings
    }

    private static func stricter<Limit: Comparable>(_ left: Limit?, _ right: Limit?) -> Limit? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }
}
