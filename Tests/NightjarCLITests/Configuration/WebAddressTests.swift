import NightjarDashboard
import Testing

@testable import NightjarCLI

struct WebAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8787", "127.0.0.1", 8787), ("[::1]:8787", "::1", 8787), ("localhost:0", "localhost", 0),
        ("0.0.0.0:65535", "0.0.0.0", 65_535), ("web.night.example:80", "web.night.example", 80),
    ])
    func `an address and a port`(text: String, host: String, port: Int) {
        let settings = DashboardSettings(host: host, port: port)
        #expect(WebAddress(text) == .at(settings))
        #expect(WebAddress.text(settings) == text)
    }

    @Test func `off is none`() {
        #expect(WebAddress("off") == .off)
    }

    @Test(
        arguments: [
            (":8787", "say on which address: `127.0.0.1:8787` is for this machine alone"),
            ("9000", "write `http: 127.0.0.1:9000`"), ("localhost", "write `http: localhost:8787`"),
            ("::1:8787", "write `http: \"[::1:8787]:8787\"`"), ("fe80::1", "write `http: \"[fe80::1]:8787\"`"),
            ("1:2:3:4:5:6:7:8:9000", "write `http: \"[1:2:3:4:5:6:7:8]:9000\"`"), ("false", "write `http: off`"),
            ("http://localhost:8787", nil), ("127.0.0.1:65536", nil), ("127.0.0.1:", nil), ("300.0.0.1:80", nil),
            ("[::g]:80", nil), ("", nil), ("a b:80", nil), ("localhost:+80", nil),
        ] as [(String, String?)])
    func `anything else is refused`(text: String, hint: String?) {
        #expect(WebAddress(text) == .wrong(hint: hint))
    }
}
