import Testing

@testable import JobsAPIClient

struct ProxySettingsTests {
    private func proxy(_ environment: [String: String], _ url: String) throws -> String? {
        try ProxySettings(environment: environment).proxy(for: url)?.description
    }

    @Test func `without a word from the environment all goes straight`() throws {
        for url in ["http://a.example", "https://a.example", "nonsense"] {
            #expect(try proxy(["PATH": "/bin", "https_proxy": ""], url) == nil)
            #expect(ProxySettings.none.proxy(for: url) == nil)
        }
    }

    @Test(
        arguments: [
            (["http_proxy": "http://p:1"], "http://p:1", nil), (["https_proxy": "http://p:1"], nil, "http://p:1"),
            (["HTTP_PROXY": "http://p:1"], "http://p:1", nil), (["HTTPS_PROXY": "http://p:1"], nil, "http://p:1"),
            (["all_proxy": "p:1"], "http://p:1", "http://p:1"), (["ALL_PROXY": "p:1"], "http://p:1", "http://p:1"),
            (["http_proxy": "p:1", "HTTP_PROXY": "p:2", "all_proxy": "p:3"], "http://p:1", "http://p:3"),
            (["https_proxy": "", "HTTPS_PROXY": "p:2"], nil, "http://p:2"),
            (["all_proxy": "p:3", "ALL_PROXY": "p:4", "HTTPS_PROXY": "p:2"], "http://p:3", "http://p:2"),
            (["HTTP_PROXY": "p:1", "REQUEST_METHOD": "GET"], nil, nil),
            (["http_proxy": "p:1", "REQUEST_METHOD": "GET"], "http://p:1", nil),
            (["all_proxy": "p:1", "no_proxy": "*"], nil, nil),
            (["all_proxy": "p:1", "NO_PROXY": "a.example"], nil, nil),
            (["all_proxy": "p:1", "no_proxy": "b", "NO_PROXY": "a.example"], "http://p:1", "http://p:1"),
        ] as [([String: String], String?, String?)])
    func `the variables go before one another as with curl`(
        environment: [String: String], http: String?, https: String?
    ) throws {
        #expect(try proxy(environment, "http://a.example/x") == http)
        #expect(try proxy(environment, "https://a.example/x") == https)
    }

    @Test(
        arguments: [
            ("http://proxy.example:3128", "proxy.example", 3128, nil), ("proxy.example", "proxy.example", 1080, nil),
            ("HTTP://Proxy.Example:8080/", "proxy.example", 8080, nil), ("10.0.0.1:3128", "10.0.0.1", 3128, nil),
            ("http://[fd00::1]:3128/x?y", "fd00::1", 3128, nil), ("http://u@p:1", "p", 1, "Basic dTo="),
            ("http://u:p@h:1", "h", 1, "Basic dTpw"), ("u:p@h:1", "h", 1, "Basic dTpw"),
            ("http://u:p%40%2F%25@h:1", "h", 1, "Basic dTpwQC8l"), ("http://u:a@b@h:1", "h", 1, "Basic dTphQGI="),
            ("http://u:a:b@h", "h", 1080, "Basic dTphOmI="),
        ] as [(String, String, Int, String?)])
    func `a proxy is read from its address`(text: String, host: String, port: Int, header: String?) throws {
        let proxy = try Proxy(text)
        #expect(proxy.host == host && proxy.port == port)
        #expect(proxy.credentials?.header == header)
    }

    @Test(arguments: [
        "https://user:s3cret@p:1", "socks5h://user:s3cret@p:1", "http://user:s3cret@", "http://user:s3cret@p:0",
        "http://user:s3cret@p:x", "http://user:s3cret/x@p:1", "http://user:s3cret%@p:1", "http://user:s3cret%zz@p:1",
        "http://user:s3cret@a b:1", "://user:s3cret@p:1", "user:s3cret://p:1", "http://", "http://:80",
        "http://user:s3cret%FF@p:1", "http://user:s3cret%+1@p:1",
    ])
    func `what is no proxy is an error that tells the variable and not the value`(text: String) {
        for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            do throws(ClientSettingsError) {
                _ = try ProxySettings(environment: [name: text])
                Issue.record("`\(text)` was taken")
            } catch {
                let words = "\(error)"
                #expect(words.contains("`\(name)`") && words.contains("write `\(name)=http://HOST:PORT`"))
                #expect(!words.contains("s3cret") && !words.contains("user:"))
            }
        }
    }

    @Test func `a variable that is not used may hold what it likes`() throws {
        #expect(
            try proxy(["http_proxy": "p:1", "https_proxy": "p:2", "all_proxy": "socks5://x"], "https://a")
                == "http://p:2")
    }

    @Test func `no way of printing tells the credentials`() throws {
        let proxies = try ProxySettings(environment: ["all_proxy": "http://user:s3cret@p:1"])
        let settings = ClientSettings(baseURL: "http://x", key: nil, proxies: proxies)
        let proxy = try #require(proxies.proxy(for: "http://a"))
        var dumped = ""
        dump(proxies, to: &dumped)
        dump(settings, to: &dumped)
        dump(Route.tunnel(proxy), to: &dumped)
        let texts = ["\(proxies)", String(reflecting: proxies), "\(settings)", "\(proxy)", "\([proxy])", dumped]
        for text in texts { #expect(!text.contains("s3cret") && !text.contains("user")) }
    }

    @Test(arguments: [
        ("*", "http://anything"), ("example.com", "http://example.com"), ("example.com", "https://www.example.com/x"),
        (".example.com", "http://www.example.com"), (".example.com", "http://example.com"),
        ("*.example.com", "http://www.example.com"), ("EXAMPLE.com", "http://Example.COM"),
        ("example.com.", "http://example.com"), ("example.com", "http://example.com."),
        ("a,example.com", "http://example.com"), ("a , example.com", "http://example.com"),
        ("a example.com", "http://example.com"), ("example.com:8080", "http://example.com:8080"),
        ("example.com:443", "https://example.com"), ("127.0.0.1", "http://127.0.0.1:9"),
        ("10.0.0.0/8", "http://10.200.3.4"), ("10.1.2.3/32", "http://10.1.2.3"), ("0.0.0.0/0", "http://8.8.8.8"),
        ("192.168.0.0/22", "http://192.168.3.255"), ("10.0.0.1:80", "http://10.0.0.1"),
        ("::1", "http://[::1]"), ("[::1]", "http://[::1]:8"), ("[::1]:8", "http://[::1]:8"),
        ("fd00::/8", "http://[fd12::1]"), ("0:0::1", "http://[::1]"), ("localhost", "http://localhost:8"),
    ])
    func `a host is excepted`(list: String, url: String) throws {
        #expect(try proxy(["all_proxy": "p:1", "no_proxy": list], url) == nil)
    }

    @Test(arguments: [
        ("", "http://a"), (",", "http://a"), ("example.com", "http://notexample.com"),
        ("example.com", "http://example.com.evil"), ("www.example.com", "http://example.com"),
        ("example.com:8080", "http://example.com"), ("example.com:80", "https://example.com"),
        ("127.0.0.1", "http://127.0.0.2"), ("27.0.0.1", "http://127.0.0.1"), ("0.0.1", "http://127.0.0.1"),
        ("10.0.0.0/8", "http://11.0.0.1"), ("192.168.0.0/22", "http://192.168.4.0"), ("10.0.0.0/33", "http://10.0.0.0"),
        ("10.0.0.0/x", "http://10.0.0.0"), ("10.0.0.0/8", "http://10.example"), ("fd00::/8", "http://[fe00::1]"),
        ("0.0.0.0/0", "http://[::1]"), ("exa*ple.com", "http://example.com"),
        ("a.example.com*", "http://a.example.com"),
        ("127.0.0.1", "http://localhost"), ("10.0.0.1:81", "http://10.0.0.1"),
    ])
    func `another host is not`(list: String, url: String) throws {
        #expect(try proxy(["all_proxy": "p:1", "no_proxy": list], url) == "http://p:1")
    }
}
