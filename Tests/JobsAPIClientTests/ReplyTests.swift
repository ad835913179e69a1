import Foundation
import NightjarCore
import Testing

@testable import JobsAPIClient

struct ReplyTests {
    private func reply(_ status: Int, _ body: String = "", retryAfter: String? = nil) -> Reply {
        Reply(
            status: status, body: Data(body.utf8), retryAfter: retryAfter,
            key: APIKey(testKey))
    }

    @Test(arguments: [200, 201, 202, 299])
    func `a 2xx with an id is accepted`(status: Int) {
        let answer = reply(status, #"{"id":"job-1","status":"QUEUED","new":[1]}"#).submissionAnswer()
        #expect(answer == .accepted(RemoteJobID("job-1")))
    }

    @Test(arguments: [
        "", "{}", "null", "[]", "OK", #"{"id":""}"#, #"{"id":null}"#, #"{"id":7}"#, #"{"id":["job-1"]}"#,
        #"{"id":"job-1""#, #"{"job":{"id":"job-1"}}"#, "<html>job-1</html>", "\u{0}",
    ])
    func `a 2xx without a readable id is lost`(body: String) {
        for status in [200, 201, 204] { #expect(reply(status, body).submissionAnswer().isLost) }
    }

    @Test(arguments: [
        300, 301, 302, 303, 304, 307, 308, 408, 409, 425, 499, 500, 501, 502, 503, 504, 520, 522, 524, 599, 100, 600,
    ])
    func `what leaves the request's fate open is lost, whatever its body`(status: Int) {
        for body in ["", #"{"id":"job-1"}"#, #"{"error":{"message":"no"}}"#] {
            #expect(reply(status, body).submissionAnswer().isLost)
        }
    }

    @Test(arguments: [400, 404, 405, 406, 410, 411, 413, 414, 415, 418, 421, 422, 423, 424, 426, 428, 431, 451])
    func `what the API will never take is rejected`(status: Int) {
        #expect(reply(status, #"{"id":"job-1"}"#).submissionAnswer().isRejected)
    }

    @Test(arguments: [
        (401, AccountTrouble.Kind.keyRefused), (402, .paymentRequired), (403, .forbidden),
    ])
    func `account trouble is no job's fault`(status: Int, kind: AccountTrouble.Kind) {
        let answer = reply(status, #"{"error":{"message":"no"}}"#).submissionAnswer()
        #expect(answer == .refused(AccountTrouble(kind, "the API answered \(status): no")))
    }

    @Test func `a 429 is throttled, with its Retry-After`() {
        #expect(reply(429, retryAfter: "7").submissionAnswer() == .throttled(RetryAfter(.seconds(7))))
        #expect(reply(429).submissionAnswer() == .throttled(RetryAfter(nil)))
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
        #expect(reply(400, body).submissionAnswer() == .rejected("the API answered 400" + words))
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
        #expect(try job(body) == RemoteJob(id: RemoteJobID("j"), status: .completed(result)))
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
        #expect(try reply(200, list).jobs().first?.status == .failed("[key]"))
        let completed = try job(#"{"id":"j","status":"COMPLETED","result":{"url":"https://a/\#(testKey)"}}"#)
        #expect(completed.status == .completed(RemoteResult(url: "https://a/[key]")))
        let refused = AccountTrouble(.keyRefused, "the API answered 401: [key] is unknown")
        #expect(reply(401, #"{"error":"\#(testKey) is unknown"}"#).submissionAnswer() == .refused(refused))
    }

    @Test(arguments: ["", "{}", #"{"id":1,"status":"QUEUED"}"#, #"{"id":"j"}"#, #"{"id":"j","status":4}"#, "<html>"])
    func `an unreadable job is no answer`(body: String) {
        #expect(throws: RequestFailure.unavailable("the API's answer about a job is unreadable")) { try self.job(body) }
    }

    @Test func `a list keeps its order, and one with an unreadable row is no list`() throws {
        let list =
            #"{"jobs":[{"id":"b","status":"QUEUED"},{"id":"a","status":"COMPLETED","model":"m"}],"has_more":true}"#
        #expect(
            try reply(200, list).jobs() == [
                RemoteJob(id: RemoteJobID("b"), status: .queued),
                RemoteJob(id: RemoteJobID("a"), status: .completed(nil)),
            ])
        #expect(try reply(200, #"{"jobs":[]}"#).jobs() == [])
        for body in [#"{"jobs":[{"id":"b"}]}"#, "{}", "[]", #"{"jobs":{}}"#, ""] {
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
}
