internal import NightjarCore

/// What waits for one target, and whether it is being delivered.
struct NotificationQueue {
    let id: Int
    var settings: NotificationSettings
    /// The oldest first; the first one stays here until it is delivered or given up.
    private(set) var waiting: [Notification] = []
    var isBusy = false
    /// The configuration names the target no more: what waits is still delivered.
    var isRetired = false
    var failures: FailureShare
    var digest: DigestSchedule?
    var nextDigest: WallTime?
    /// Given up for want of room since it was empty.
    var dropped = 0

    /// A target that does not answer for a night keeps so many.
    static let most = 1000

    init(id: Int, settings: NotificationSettings, now: WallTime) {
        self.id = id
        self.settings = settings
        failures = FailureShare(limit: settings.failureShare)
        setDigest(now)
    }

    mutating func change(to settings: NotificationSettings, now: WallTime) {
        let keepsDigest =
            settings.digestMinute == self.settings.digestMinute && settings.timeZone == self.settings.timeZone
            && settings.occasions.contains(.digest) == self.settings.occasions.contains(.digest)
        self.settings = settings
        failures.limit = settings.failureShare
        isRetired = false
        if !keepsDigest { setDigest(now) }
    }

    private mutating func setDigest(_ now: WallTime) {
        digest = nil
        nextDigest = nil
        guard settings.occasions.contains(.digest) else { return }
        // The configuration has been checked: without the name, the machine's own zone.
        digest =
            DigestSchedule(minute: settings.digestMinute, timeZone: settings.timeZone)
            ?? DigestSchedule(minute: settings.digestMinute, timeZone: nil)
        nextDigest = digest?.next(after: now)
    }

    /// Whether the digest is due now; then the next one is set.
    mutating func takesDigest(at now: WallTime) -> Bool {
        guard let digest, let due = nextDigest, !isRetired else { return false }
        // Someone has set the clock back by more than a day: the old moment is too far.
        guard due <= now || due - now > .seconds(26 * 3600) else { return false }
        nextDigest = digest.next(after: now)
        return due <= now
    }

    /// - Returns: Whether something older was given up, for the first time since it was empty.
    mutating func add(_ notification: Notification) -> Bool {
        waiting.append(notification)
        guard waiting.count > Self.most else { return false }
        // The first may be on its way.
        waiting.remove(at: isBusy ? 1 : 0)
        dropped += 1
        return dropped == 1
    }

    mutating func removeFirst() {
        waiting.removeFirst()
        if waiting.isEmpty { dropped = 0 }
    }
}
