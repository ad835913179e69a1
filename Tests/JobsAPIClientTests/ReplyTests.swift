import Foundation
import NightjarCore
import Testing

@testable import JobsAPIClient

struct ReplyTests {
    private func reply(_ status: Int, _ body: String = "", retryAfter: String? = nil) -> Reply {
        Reply(status: status, body: Data(body.utf8), retryAfter: retryAfter, key: APIKey(testKey))
    }

    private func kind(_ answer: SubmissionAnswer) -> Loss.Kind? {
        if case .lost(let loss) = answer { loss.kind } else { nil }
    }

    @Test(arguments: [200, 201, 202, 299])
    func `a 2xx with an id is accepted`(status: Int) {
        let answer = reply(status, #"{"id":"job-1","status":"QUEUED","new":[1]}"#).submissionAnswer(withKey: true)
        #expect(answer == .accepted(RemoteJobID("job-1")))
    }

    @Test(arguments: [
        "", "{}", "null", "[]", "OK", #"{"id":""}"#, #"{"id":null}"#, #"{"id":7}"#, #"{"id":["job-1"]}"#,
        #"{"id":"job-1""#, #"{"job":{"id":"job-1"}}"#, "<html>job-1</html>", "\u{0}",
    ])
    func `a 2xx without a readable id is lost`(body: String) {
        for status in [200, 201, 204] {
            #expect(kind(reply(status, body).submissionAnswer(withKey: true)) == .unreadable)
        }
    }

    @Test func `an id that holds the key is none`() {
        let answer = reply(200, #"{"id":"x\#(testKey)"}"#).submissionAnswer(withKey: true)
        #expect(answer == .lost(Loss(.unreadable, "the API answered 200 with the key in place of a job id")))
    }

    @Test(arguments: [
        300, 301, 302, 303, 304, 307, 308, 408, 409, 425, 499, 500, 501, 502, 503, 520, 599, 100, 600, 504, 522, 524,
    ])
    func `what leaves the request's fate open is lost, whatever its body`(status: Int) {
        for body in ["", #"{"id":"job-1"}"#, #"{"error":{"message":"no"}}"#] {
            let expected: Loss.Kind =
                [504, 522, 524].contains(status) ? .gateway : status == 409 ? .conflict : .answered
            #expect(kind(reply(status, body).submissionAnswer(withKey: true)) == expected)
            #expect(kind(reply(status, body).submissionAnswer(withKey: false)) == expected)
        }
    }

    private static let wordsAboutKeys = [
        #"{"error":{"message":"unknown header Idempotency-Key"}}"#, "IDEMPOTENCY", #"{"detail":["idempotency_key"]}"#,
        #"{"error":{"code":"idempotency_error","message":"no"}}"#,
    ]

    @Test(arguments: [400, 404, 405, 410, 412, 415, 422, 423, 431, 498], wordsAboutKeys)
    func `a 4xx may speak of the idempotency key, if there was one`(status: Int, body: String) {
        let answer = reply(status, body).submissionAnswer(withKey: true)
        guard case .keyRefused(let words) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(words.hasPrefix("the API answered \(status)"))
        let without = reply(status, body).submissionAnswer(withKey: false)
        #expect(without.isRejected)
    }

    @Test(arguments: [401, 402, 403, 408, 425, 429, 499, 500, 504, 302, 200], wordsAboutKeys)
    func `other answers are what they are, whatever they speak of`(status: Int, body: String) {
        let answer = reply(status, body).submissionAnswer(withKey: true)
        if case .keyRefused = answer { Issue.record("\(status)") }
        #expect(!answer.isRejected)
    }

    @Test func `a refusal of the idempotency key is told without the API's own`() {
        let answer = reply(400, #"{"error":"idempotency \#(testKey)"}"#).submissionAnswer(withKey: true)
        #expect(answer == .keyRefused("the API answered 400: idempotency [key]"))
    }

    @Test(arguments: [400, 404, 405, 406, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 426, 428, 431, 451])
    func `what the API will never take is rejected`(status: Int) {
        #expect(reply(status, #"{"id":"job-1"}"#).submissionAnswer(withKey: true).isRejected)
    }

    @Test(arguments: [
        (401, AccountTrouble.Kind.keyRefused), (402, .paymentRequired), (403, .forbidden),
    ])
    func `account trouble is no job's fault`(status: Int, kind: AccountTrouble.Kind) {
        let answer = reply(status, #"{"error":{"message":"no"}}"#).submissionAnswer(withKey: true)
        #expect(answer == .refused(AccountTrouble(kind, "the API answered \(status): no")))
    }

    @Test func `a 429 is throttled, with its Retry-After`() {
        #expect(reply(429, retryAfter: "7").submissionAnswer(withKey: true) == .throttled(RetryAfter(.seconds(7))))
        #expect(reply(429).submissionAnswer(withKey: true) == .throttled(RetryAfter(nil)))
    }

    @Test(arguments: [
        (#"{"error":{"message":"bad size","type":"invalid"}}"#, ": bad size"),
        (#"{"error":"bad size"}"#, ": bad size"),
        (#"{"error":{"message":"a\u0000b\u001b[31mc\nd\u202ee\u2028f"}}"#, ": a b [31mc d e f"),
        (#"{"error":{"code":7}}"#, ""),
        (#"{"error":null}"#, ""),
        (#"{"detail":"x"}"#, ""),
        ("<html><h1>502</h1></html>", ""),
        ("", ""),
    ])
    func `an error's own words are shown on one line`(body: String, words: String) {
        #expect(reply(400, body).submissionAnswer(withKey: true) == .rejected("the API answered 400" + words))
    }

    @Test func `a long message is cut`() {
        let message = reply(400, #"{"error":"\#(String(repeating: "é", count: 1000))"}"#).message
        #expect(message.unicodeScalars.count == 301)
        #expect(message.hasSuffix("é…"))
        #expect(!reply(400, #"{"error":"short"}"#).message.hasSuffix("…"))
    }

    @Test(arguments: 240...300)
    func `no part of the key is left where a message is cut`(padding: Int) {
        let message = reply(400, #"{"error":"\#(String(repeating: "x", count: padding))\#(testKey)"}"#).message
        #expect(!message.contains("sk-"))
    }

    // MARK: Jobs

    private func job(_ body: String) throws(RequestFailure) -> RemoteJob { try reply(200, body).job() }

    @Test func `a job is read with its result`() throws {
        let body = #"""
            {"id":"j","status":"COMPLETED","created_at":1,"result":{"url":"http://x/y","width":"64","height":32.0,"seed":9}}
            """#
        let result = RemoteResult(url: "http://x/y", width: 64, height: 32, seed: 9)
        #expect(
            try job(body)
                == RemoteJob(id: RemoteJobID("j"), status: .completed(result), seed: .integer(9)))
    }

    @Test(arguments: [
        ("QUEUED", RemoteJob.Status.queued), ("processing", .processing), ("COMPLETED", .completed(nil)),
        ("FAILED", .failed("the API gave no reason")), ("CANCELED", .unheardOf("CANCELED")), ("", .unheardOf("")),
    ])
    func `a status is read, an unheard of one kept`(text: String, status: RemoteJob.Status) throws {
        #expect(try job(#"{"id":"j","status":"\#(text)"}"#).status == status)
    }

    @Test(arguments: [#""out of memory""#, #"{"message":"out of memory","code":5}"#])
    func `a failed job says why`(error: String) throws {
        #expect(try job(#"{"id":"j","status":"FAILED","error":\#(error)}"#).status == .failed("out of memory"))
    }

    @Test func `a server that echoes the key tells nobody`() throws {
        let failed = try job(#"{"id":"j","status":"FAILED","error":"no \#(testKey) here"}"#)
        #expect(failed.status == .failed("no [key] here"))
        #expect(try job(#"{"id":"j","status":"\#(testKey)"}"#).status == .unheardOf("[key]"))
        let list = #"{"jobs":[{"id":"j","status":"FAILED","error":{"message":"\#(testKey)"}}]}"#
        #expect(try reply(200, list).jobs().rows.first?.status == .failed("[key]"))
        let completed = try job(#"{"id":"j","status":"COMPLETED","result":{"url":"https://a/\#(testKey)"}}"#)
        #expect(completed.status == .completed(RemoteResult(url: "https://a/[key]")))
        let refused = AccountTrouble(.keyRefused, "the API answered 401: [key] is unknown")
        #expect(reply(401, #"{"error":"\#(testKey) is unknown"}"#).submissionAnswer(withKey: true) == .refused(refused))
    }

    @Test(arguments: ["", "{}", #"{"id":1,"status":"QUEUED"}"#, #"{"id":"j"}"#, #"{"id":"j","status":4}"#, "<html>"])
    func `an unreadable job is no answer`(body: String) {
        #expect(throws: RequestFailure.unavailable("the API's answer about a job is unreadable")) { try self.job(body) }
    }

    @Test func `a list with the key in place of an id is no list`() {
        for id in [testKey, "x\(testKey)y"] {
            let list = #"{"jobs":[{"id":"j","status":"QUEUED"},{"id":"\#(id)","status":"QUEUED"}]}"#
            #expect(throws: RequestFailure.unavailable("the API's list of jobs has the key in place of a job id")) {
                try self.reply(200, list).jobs()
            }
        }
    }

    @Test func `a list keeps its order, and one with an unreadable row is no list`() throws {
        let list =
            #"{"jobs":[{"id":"b","status":"QUEUED"},{"id":"a","status":"COMPLETED","model":"m"}],"has_more":true}"#
        let rows = [
            JobList.Row(id: RemoteJobID("b"), status: .queued, createdAt: nil, model: nil),
            JobList.Row(id: RemoteJobID("a"), status: .completed(nil), createdAt: nil, model: "m"),
        ]
        #expect(try reply(200, list).jobs() == JobList(rows: rows, hasMore: true))
        #expect(try reply(200, #"{"jobs":[]}"#).jobs() == JobList(rows: []))
        #expect(try reply(200, #"{"jobs":[],"has_more":false}"#).jobs() == JobList(rows: [], hasMore: false))
        for body in [
            #"{"jobs":[{"id":"b"}]}"#, #"{"jobs":[{"id":"a","status":"QUEUED"},{"id":7,"status":"QUEUED"}]}"#,
            #"{"jobs":[{"id":null,"status":"QUEUED"}]}"#, #"{"jobs":[null]}"#, "{}", "[]", #"{"jobs":{}}"#, "",
        ] {
            #expect(throws: RequestFailure.unavailable("the API's list of jobs is unreadable")) {
                try self.reply(200, body).jobs()
            }
        }
    }

    @Test(arguments: [
        (401, RequestFailure.refused(AccountTrouble(.keyRefused, "the API answered 401"))),
        (402, .refused(AccountTrouble(.paymentRequired, "the API answered 402"))),
        (403, .refused(AccountTrouble(.forbidden, "the API answered 403"))),
        (404, .notFound), (429, .throttled(RetryAfter(.seconds(3)))),
        (302, .unavailable("the API answered 302")), (408, .unavailable("the API answered 408")),
        (425, .unavailable("the API answered 425")), (499, .unavailable("the API answered 499")),
        (500, .unavailable("the API answered 500")), (524, .unavailable("the API answered 524")),
        (400, .rejected("the API answered 400")), (410, .rejected("the API answered 410")),
    ])
    func `a status tells why there is no job`(status: Int, failure: RequestFailure) {
        let reply = reply(status, retryAfter: "3")
        #expect(throws: failure) { try reply.job() }
        #expect(throws: failure) { try reply.jobs() }
    }

    @Test(
        arguments: [
            ("", nil), (#","created_at":null"#, nil), (#","created_at":1735689600"#, 1_735_689_600_000),
            (#","created_at":1735689600.123"#, 1_735_689_600_123), (#","created_at":1735689600123"#, 1_735_689_600_123),
            (#","created_at":"1735689600.5""#, 1_735_689_600_500), (#","created_at":"soon""#, nil),
            (#","created_at":"2025-01-01T00:00:00Z""#, 1_735_689_600_000), (#","created_at":[]"#, nil),
            (#","created_at":"2025-01-01T01:00:00.25+01:00""#, 1_735_689_600_250),
            (#","created_at":"2025-01-01T00:00:00""#, nil), (#","created_at":0"#, nil), (#","created_at":-5"#, nil),
            (#","created_at":1735689600123456"#, nil), (#","created_at":1e300"#, nil), (#","created_at":"inf""#, nil),
        ] as [(String, Int64?)])
    func `a time is read in every spelling, and none where it is in doubt`(field: String, milliseconds: Int64?) throws {
        let time = milliseconds.map { WallTime(milliseconds: $0) }
        #expect(try job(#"{"id":"j","status":"QUEUED"\#(field)}"#).createdAt == time)
        let list = try reply(200, #"{"jobs":[{"id":"j","status":"QUEUED"\#(field)}]}"#).jobs()
        #expect(list.rows.map(\.createdAt) == [time])
    }

    @Test func `a job tells its model, seed and prompt, without the key`() throws {
        let body = #"""
            {"id":"j","status":"COMPLETED","model":"m/\#(testKey)","prompt":"a\n \#(testKey) fox","seed":"x \#(testKey)"}
            """#
        let job = try job(body)
        #expect(job.model == "m/[key]")
        #expect(job.prompt == "a\n [key] fox")
        #expect(job.seed == .text("x [key]"))
    }

    @Test(
        arguments: [
            (nil, nil), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("soon", nil), ("", nil),
        ] as [(String?, Int64?)])
    func `a list tells the API's time`(date: String?, seconds: Int64?) throws {
        var reply = reply(200, #"{"jobs":[]}"#)
        reply.date = date
        #expect(try reply.jobs().date == seconds.map { WallTime(milliseconds: $0 * 1000) })
    }

    @Test(
        arguments: [
            (nil, 0), ("0", 0), ("40", 40), (" 40 ", 40), ("99999999999999999999", 1 << 31), ("-1", 0), ("1.5", 0),
            ("soon", 0), ("", 0), ("+3", 0),
        ] as [(String?, Int)])
    func `a list tells how long a cache has kept it`(text: String?, seconds: Int) throws {
        var reply = reply(200, #"{"jobs":[]}"#)
        reply.age = text
        #expect(try reply.jobs().age == .seconds(seconds))
    }
}
