import NightjarDashboard
import Testing

@Suite struct DashboardSettingsTests {
    @Test func theWebPageIsForThisMachineAlone() {
        #expect(DashboardSettings() == DashboardSettings(host: "127.0.0.1", port: 8787))
    }
}
