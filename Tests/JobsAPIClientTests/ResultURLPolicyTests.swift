import Testing

@testable import JobsAPIClient

struct ResultURLPolicyTests {
    private func policy(_ api: String) throws -> ResultURLPolicy {
        ResultURLPolicy(api: try #require(ResultURLPolicy.Origin(api)))
    }

    private func isBlocked(_ verdict: ResultURLPolicy.Verdict) -> Bool {
        if case .blocked = verdict { true } else { false }
    }

    @Test(arguments: [
        "https://api.example/x", "https://API.Example:443/x", "HTTPS://api.example", "https://u:p@api.example/x?y#z",
        "https://api%2Eexample/x",
    ])
    func `the API's own origin gets the key`(url: String) throws {
        #expect(try policy("https://api.example/v1").judge(url) == .allowed(sendsKey: true))
    }

    @Test(arguments: [
        "https://cdn.example/x", "https://api.example:8443/x", "https://api.example.evil.example/x",
        "https://evil.example/https://api.example/", "https://api.example@evil.example/x",
        "https://api.example:443@evil.example/x", "https://evil.example/?@api.example",
        "https://evil.example#@api.example",
        "https://api.example./x", "https://xapi.example/x", "https://8.8.8.8/x", "https://[2606:4700::1111]/x",
        "https://4.de/x", "https://1e100.net/x", "https://fc.example/x", "https://fe80.example",
    ])
    func `another origin is fetched from without the key`(url: String) throws {
        #expect(try policy("https://api.example/v1").judge(url) == .allowed(sendsKey: false))
    }

    @Test(arguments: [
        "http://api.example/x", "ftp://api.example/x", "file:///etc/passwd", "data:image/png;base64,AA", "/x", "x",
        "//api.example/x", "", "https:", "https://", "https:///x", "javascript:1", "https://api.example:0/x",
        "https://api.example:65536/x", "https://8.8.8.8:99999/x", "https://api.example:-1/x", "https://api.example:x/",
        "unix:///run/docker.sock", "https+unix://%2Frun%2Fdocker.sock/x", "http+unix://x/y", "https://[::1/x",
    ])
    func `what is not https on a usable port is blocked where the API is https`(url: String) throws {
        #expect(isBlocked(try policy("https://api.example/v1").judge(url)))
    }

    @Test func `an API on http takes both schemes, and its key stays on its own`() throws {
        let policy = try policy("http://api.example:8080/v1")
        #expect(policy.judge("http://api.example:8080/x") == .allowed(sendsKey: true))
        #expect(policy.judge("https://api.example:8080/x") == .allowed(sendsKey: false))
        #expect(policy.judge("http://api.example/x") == .allowed(sendsKey: false))
        #expect(policy.judge("http://cdn.example/x") == .allowed(sendsKey: false))
    }

    @Test(arguments: [
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "a.localhost.", "printer.local", "printer.local.",
        "localhost.localdomain", "metadata.google.internal", "nas.home.arpa", "%6Cocalhost",
        "127.0.0.1", "127.0.0.1.", "127.255.255.254", "127.1", "127.0.1", "0", "0.0.0.0", "0.1.2.3", "2130706433",
        "0x7f000001", "0x7F.0.0.1", "0x7f.1", "017700000001", "0177.0.0.1", "0177.1", "127%2E0.0.1",
        "10.0.0.1", "012.0.0.1", "0xa.0.0.1", "167772161", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.168.257",
        "0300.0250.0.1", "169.254.169.254", "0xA9FEA9FE", "100.64.0.1", "100.127.255.255", "192.0.0.1", "198.18.0.1",
        "224.0.0.1", "255.255.255.255",
        "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]",
        "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:10.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]",
        "[64:ff9b::10.0.0.1]", "[64:ff9b:1::808:808]", "[2002:7f00:1::]", "[2002:c0a8:101::1]", "[fc00::1]",
        "[fd12:3456::1]", "[fe80::1]", "[fe80::1%25eth0]", "[FE80::1%25lo]", "[febf::1]", "[fec0::1]", "[ff02::1]",
        "[100::1]", "[2001:0:808:808::1]",
    ])
    func `a private host is blocked in every spelling`(host: String) throws {
        for api in ["http://api.example", "http://192.0.2.1"] {
            #expect(isBlocked(try policy(api).judge("http://\(host)/x")), "\(host)")
            #expect(isBlocked(try policy(api).judge("http://user@\(host):8080/x")), "\(host)")
        }
    }

    @Test(arguments: [
        "8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.63.0.1", "100.128.0.1", "169.253.0.1", "198.20.0.1",
        "11.0.0.1", "128.0.0.1", "223.255.255.255", "192.0.1.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]",
        "[64:ff9b::8.8.8.8]", "[2002:808:808::1]", "[fbff::1]", "notlocalhost", "localhost.example", "local.example",
        "127.0.0.1.example", "10.example", "internal.example",
    ])
    func `a public host is not`(host: String) throws {
        #expect(try policy("http://api.example").judge("http://\(host)/x") == .allowed(sendsKey: false), "\(host)")
    }

    @Test func `the API's own host may be private, on any port, and no other`() throws {
        let policy = try policy("http://127.0.0.1:8080/v1")
        #expect(policy.judge("http://127.0.0.1:8080/x") == .allowed(sendsKey: true))
        #expect(policy.judge("http://127.0.0.1:9000/x") == .allowed(sendsKey: false))
        #expect(isBlocked(policy.judge("http://localhost:8080/x")))
        #expect(isBlocked(policy.judge("http://127.0.0.2:8080/x")))
        #expect(isBlocked(policy.judge("http://[::1]:8080/x")))
    }

    @Test func `a host that a person named may be private, on its port`() throws {
        let policy = ResultURLPolicy(
            api: try #require(ResultURLPolicy.Origin("http://api.example")),
            resultHosts: try ["NAS.local", "10.0.0.7:9000", "[FD00:0::7]"].map { try ResultHost($0) })
        for url in [
            "http://nas.local/x", "https://NAS.LOCAL:8443/x", "http://10.0.0.7:9000/x", "http://[fd00::7]:81/x",
            "http://[fd00:0:0::7]/x",
        ] {
            #expect(policy.judge(url) == .allowed(sendsKey: false), "\(url)")
        }
        for url in [
            "http://10.0.0.7/x", "http://10.0.0.8:9000/x", "http://a.nas.local/x", "http://[fd00::8]/x",
            "ftp://nas.local/x",
        ] {
            #expect(isBlocked(policy.judge(url)), "\(url)")
        }
        let strict = ResultURLPolicy(
            api: try #require(ResultURLPolicy.Origin("https://api.example")), resultHosts: [try ResultHost("nas.local")]
        )
        #expect(isBlocked(strict.judge("http://nas.local/x")))
        #expect(strict.judge("https://nas.local/x") == .allowed(sendsKey: false))
    }

    @Test(
        arguments: [
            ("nas", "nas", nil), ("NAS.local:80", "nas.local", 80), ("10.0.0.7", "10.0.0.7", nil),
            ("10.0.0.7:65535", "10.0.0.7", 65535), ("[fd00::7]", "fd00::7", nil), ("[fd00:0::7]:1", "fd00::7", 1),
            ("fd00::7", "fd00::7", nil), ("a_b-c.d1", "a_b-c.d1", nil),
        ] as [(String, String, Int?)])
    func `a host is named with a port or without`(text: String, host: String, port: Int?) throws {
        let parsed = try ResultHost(text)
        #expect(parsed.host == host && parsed.port == port)
        #expect(try ResultHost(parsed.description) == parsed)
    }

    @Test(arguments: [
        "", " ", "a b", "a:", ":80", "a:0", "a:65536", "a:x", "a:+1", "http://a", "a/b", "a@b", "[fd00::7", "fd00::7]",
        "[a]", "[]", "::x", "a..b", ".a", "a.", "*", "*.a", "10.0.0.0/8", "ä", "[fd00::7]80", "[fd00::7]:",
    ])
    func `what is no host is not taken for one`(text: String) {
        #expect(throws: ClientSettingsError.resultHost(text)) { try ResultHost(text) }
    }

    @Test(arguments: [
        "", "api.example", "/v1", "ftp://api.example", "http://", "http://api.example:70000", "mailto:a@b",
    ])
    func `a client needs an absolute address`(url: String) {
        #expect(throws: ClientSettingsError.baseURL(url)) {
            try JobsAPIClient(ClientSettings(baseURL: url, key: nil))
        }
    }
}
