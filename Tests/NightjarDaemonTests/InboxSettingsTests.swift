import NightjarCore
import NightjarDaemon
import Testing

@Suite struct InboxSettingsTests {
    @Test func anInboxHasAShareOfOneAndNoLimits() {
        let inbox = InboxSettings(path: "/srv/inbox", output: "/srv/images")
        #expect(inbox.weight == 1)
        #expect(inbox.limits == .init())
    }
}
