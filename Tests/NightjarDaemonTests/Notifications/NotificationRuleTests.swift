import Foundation
import NightjarCore
import Testing

@testable import NightjarDaemon

@Suite struct NotificationRuleTests {
    // MARK: The share of failures

    @Test func aBatchIsToldOnceWhenItsShareIsReached() {
        var share = FailureShare(limit: 20)
        // Too few show nothing, whatever becomes of them.
        let counts = [("a", 19, 19), ("a", 20, 3), ("a", 20, 4), ("a", 40, 40), ("b", 100, 20)]
        let told = counts.map { share.isReached(batch: $0.0, ended: $0.1, failed: $0.2) }
        #expect(told == [false, false, true, false, true])
        share.forget(batch: "a")
        let again = share.isReached(batch: "a", ended: 40, failed: 40)
        #expect(again)
    }

    @Test func aLimitOfZeroMeansTheFirstFailure() {
        var share = FailureShare(limit: 0)
        let told = [0, 1].map { share.isReached(batch: "a", ended: 500, failed: $0) }
        #expect(told == [false, true])
    }

    // MARK: The digest

    private func digests(_ zone: String, _ minute: Int, from: String, _ count: Int) throws -> [String] {
        let schedule = try #require(DigestSchedule(minute: minute, timeZone: zone))
        guard case .moment(var time) = try WrittenTime(text: from) else { return [] }
        return (0..<count).map { _ in
            time = schedule.next(after: time)
            return time.rfc3339
        }
    }

    @Test func aDigestComesOnceADayByTheLocalClock() throws {
        #expect(
            try digests("Europe/Paris", 480, from: "2026-03-27T06:59:59Z", 4)
                == [
                    "2026-03-27T07:00:00.000Z", "2026-03-28T07:00:00.000Z", "2026-03-29T06:00:00.000Z",
                    "2026-03-30T06:00:00.000Z",
                ])
        #expect(try digests("UTC", 0, from: "2026-12-31T00:00:00Z", 1) == ["2027-01-01T00:00:00.000Z"])
        #expect(try digests("Asia/Tokyo", 1439, from: "2026-01-01T00:00:00Z", 1) == ["2026-01-01T14:59:00.000Z"])
    }

    @Test func aTimeThatTheClockSkipsIsTheMomentAtWhichItDoes() throws {
        // At 02:00 it is 03:00.
        #expect(
            try digests("Europe/Paris", 150, from: "2026-03-28T12:00:00Z", 2)
                == ["2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"])
    }

    @Test func ofATimeThatTheClockShowsTwiceTheFirstCounts() throws {
        // At 03:00 it is 02:00 again.
        #expect(
            try digests("Europe/Paris", 150, from: "2026-10-24T12:00:00Z", 2)
                == ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"])
    }

    @Test func aTimeZoneMustBeKnown() {
        #expect(DigestSchedule(minute: 0, timeZone: "Mars/Phobos") == nil)
        #expect(DigestSchedule(minute: 0, timeZone: nil) != nil)
    }

    // MARK: Messages

    @Test func theJSONOfANotificationHasItsBatches() throws {
        #expect(
            Notification.sample().json.text
                == #"{"version":1,"event":"finished","time":"2026-03-01T00:00:00.000Z","#
                + #""title":"spring: 200 images are there","text":"cost 2.00\nlook at them","exit":0,"#
                + #""batches":[{"name":"spring"}]}"#)
        #expect(Notification.sample(.gate, exit: nil).json.text.contains(#""event":"gate""#))
        #expect(Notification.sample(.gate, exit: nil).json.text.contains(#""exit":null"#))
    }

    @Test(arguments: [
        (NotificationSettings.Occasion.finished, Int32?(0), "default", "white_check_mark"),
        (.finished, 3, "high", "warning"), (.failures, nil, "high", "warning"), (.gate, nil, "high", "no_entry"),
        (.digest, nil, "low", "bar_chart"),
    ])
    func ntfyGetsATextWithTitlePriorityAndTags(
        occasion: NotificationSettings.Occasion, exit: Int32?, priority: String, tag: String
    ) {
        let message = NotificationMessage(.sample(occasion, exit: exit), as: .ntfy)
        #expect(message.body == "cost 2.00\nlook at them")
        let headers = Dictionary(uniqueKeysWithValues: message.headers.map { ($0.name, $0.value) })
        #expect(headers["Title"] == "spring: 200 images are there")
        #expect(headers["Priority"] == priority && headers["Tags"] == tag)
    }

    @Test func aHeaderIsOneLineOfASCII() throws {
        func title(_ text: String) throws -> String {
            let message = NotificationMessage(.sample(title: text), as: .ntfy)
            return try #require(message.headers.first { $0.name == "Title" }).value
        }
        #expect(try title("a\r\nX-Evil: b") == "a  X-Evil: b")
        #expect(try title("frühling") == "=?UTF-8?B?ZnLDvGhsaW5n?=")
        #expect(try title(String(repeating: "x", count: 9000)).utf8.count < 500)
        #expect(
            NotificationMessage(.sample(text: String(repeating: "é", count: 9000)), as: .ntfy).body.utf8.count <= 4000)
    }

    @Test func slackGetsATextThatCallsNobody() {
        let message = NotificationMessage(.sample(title: "<!channel>", text: "a & b"), as: .slack)
        #expect(message.body == #"{"text":"*&lt;!channel&gt;*\na &amp; b"}"#)
    }
}
