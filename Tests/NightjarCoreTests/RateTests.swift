import NightjarCore
import Testing

@Suite struct RateTests {
    @Test(arguments: [
        ("5", 5, Rate.Window.second), ("5/s", 5, .second), ("60/min", 60, .minute), (" 7 / s ", 7, .second),
        ("1000000/min", 1_000_000, .minute),
    ])
    func `a rate is read`(text: String, requests: Int, window: Rate.Window) {
        #expect(Rate(text) == Rate(requests: requests, per: window))
    }

    @Test(arguments: [
        "", "0", "-1", "+5", "1.5", "5/h", "5/", "/s", "5/s/s", "5/S", "1000000001", "five", "5 s", "auto", "５",
        "99999999999999999999",
    ])
    func `what is not a rate is refused`(text: String) {
        #expect(Rate(text) == nil)
    }

    @Test func `a rate reads what it prints`() {
        for rate in [Rate(requests: 5, per: .second), Rate(requests: 60, per: .minute)] {
            #expect(Rate(rate.description) == rate)
        }
    }
}
