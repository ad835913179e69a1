import NightjarCore
import NightjarDaemon
import Testing

@Suite struct InboxSettingsTests {
    @Test func anInboxHasAShareOfOneAndNoLimits() {
        let inbox = InboxSettings(path: "/srv/inbox", output: "/srv/images")
        #expect(inbox.weight == 1)
        #expect(inbox.limits == .init())
    }

    @Test func `the stricter limit holds, and what bounds all batches together is not a batch's own`() {
        var inbox = InboxSettings(path: "/srv/inbox", output: "/srv/images")
        inbox.weight = 3
        inbox.limits = .init(concurrency: 1, rate: nil, maxJobs: 10, budget: Money(micros: 5))
        var batch = BatchSettings(name: "a", limits: .init(concurrency: 4, maxJobs: 20))
        #expect(inbox.settings(for: batch).limits == .init(concurrency: 4, maxJobs: 10, budget: Money(micros: 5)))
        #expect(inbox.settings(for: batch).origin == .init(inbox: "/srv/inbox", output: "/srv/images", weight: 3))
        batch.limits = .init(maxJobs: 2, budget: Money(micros: 9))
        #expect(inbox.settings(for: batch).limits == .init(maxJobs: 2, budget: Money(micros: 5)))
        #expect(inbox.settings(for: batch).schedule == nil)
    }

    @Test(arguments: [(nil, 5, 5), (0, 5, 5), (3, 5, 3), (7, 5, 5), (nil, -5, -5), (-9, -5, -9)] as [(Int?, Int, Int)])
    func `an inbox bounds the priority, and gives it`(manifest: Int?, inbox: Int, expected: Int) {
        var settings = InboxSettings(path: "/srv/inbox", output: "/srv/images")
        settings.priority = inbox
        let schedule = manifest.map { BatchSettings.Schedule(priority: $0) }
        #expect(settings.settings(for: BatchSettings(name: "a", schedule: schedule)).schedule?.priority == expected)
    }
}
