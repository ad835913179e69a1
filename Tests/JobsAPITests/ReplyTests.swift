import Foundation
import Testing

@testable import JobsAPI

struct ReplyTests {
    private func read<Reply: Decodable>(_ type: Reply.Type, _ json: String) throws -> Reply {
        try WireJSON.decode(type, from: Data(json.utf8))
    }

    @Test func `a submission's reply needs an id, and no more`() throws {
        let full = try read(SubmitReply.self, #"{"id":"job-1","status":"PROCESSING","eta":3}"#)
        #expect(full == SubmitReply(id: "job-1", status: .processing))
        #expect(try read(SubmitReply.self, #"{"id":"job-1"}"#).status == .queued)
        for bad in [#"{"id":12}"#, #"{"id":null}"#, #"{"status":"QUEUED"}"#, "[]"] {
            #expect(throws: DecodingError.self) { try read(SubmitReply.self, bad) }
        }
    }

    @Test func `a completed job as documented`() throws {
        let job = try read(
            JobReply.self,
            """
            {"id":"job-1","status":"COMPLETED","created_at":1735689600,
             "result":{"url":"https://x/y.png","width":1024,"height":768,"seed":42},"cost":0.01}
            """)
        #expect(job.createdAt == 1_735_689_600)
        #expect(job.result == JobReply.Result(url: "https://x/y.png", width: 1024, height: 768, seed: 42))
        #expect(job.error == nil)
        #expect(try WireJSON.decode(JobReply.self, from: WireJSON.encode(job)) == job)
    }

    @Test(
        arguments: [
            ("", nil), (#","created_at":null"#, nil), (#","created_at":1735689600.5"#, 1_735_689_600.5),
            (#","created_at":"1735689600""#, 1_735_689_600), (#","created_at":1735689600123"#, 1_735_689_600.123),
            (#","created_at":"soon""#, nil), (#","created_at":{}"#, nil),
        ] as [(String, Double?)])
    func `a time may be a number, a text, or milliseconds`(field: String, seconds: Double?) throws {
        #expect(try read(JobReply.self, #"{"id":"a","status":"QUEUED"\#(field)}"#).createdAt == seconds)
    }

    @Test(
        arguments: [
            (#""boom""#, "boom"), (#"{"message":"boom","code":500}"#, "boom"), ("null", nil), ("17", nil), ("{}", nil),
        ] as [(String, String?)])
    func `an error may be a text or an object`(error: String, message: String?) throws {
        let job = try read(JobReply.self, #"{"id":"a","status":"FAILED","error":\#(error)}"#)
        #expect(job.error?.message == message)
    }

    @Test(
        arguments: [
            (
                #"{"url":"u","width":1024.0,"height":"768","seed":"42"}"#,
                .init(url: "u", width: 1024, height: 768, seed: 42)
            ),
            (#"{"url":"u","width":null,"height":1.5,"seed":"x"}"#, .init(url: "u")),
            (#"{"url":"u","seed":9223372036854775807}"#, .init(url: "u", seed: .max)),
            (#"{"url":"u","seed":1e300}"#, .init(url: "u")), ("{}", nil), ("null", nil), (#"{"url":null}"#, nil),
        ] as [(String, JobReply.Result?)])
    func `the numbers of a result may be floats or texts`(json: String, result: JobReply.Result?) throws {
        #expect(try read(JobReply.self, #"{"id":"a","status":"COMPLETED","result":\#(json)}"#).result == result)
    }

    @Test func `a job without an id or a status cannot be read`() {
        for bad in [#"{"id":5,"status":"QUEUED"}"#, #"{"status":"QUEUED"}"#, #"{"id":"a"}"#] {
            #expect(throws: DecodingError.self) { try read(JobReply.self, bad) }
        }
    }

    @Test func `an unknown status keeps its name, a known one may be in lower case`() throws {
        let held = try read(JobReply.self, #"{"id":"a","status":"On_Hold"}"#).status
        #expect(held.rawValue == "On_Hold")
        #expect(!held.isKnown)
        #expect(!held.isFinal)
        #expect(try read(JobReply.self, #"{"id":"a","status":"completed"}"#).status == .completed)
    }

    @Test func `a list may say whether it is whole`() throws {
        let json = #"{"jobs":[{"id":"a","status":"QUEUED","model":"m"}],"has_more":false}"#
        let list = try read(ListReply.self, json)
        #expect(list.jobs.map(\.model) == ["m"])
        #expect(list.hasMore == false)
        #expect(try read(ListReply.self, #"{"jobs":[]}"#).hasMore == nil)
        #expect(try read(ListReply.self, #"{"jobs":[],"has_more":"no"}"#).hasMore == nil)
    }

    @Test func `a list with a row that cannot be read is an error`() {
        #expect(throws: DecodingError.self) { try read(ListReply.self, #"{"jobs":[{"id":"a","status":"QUEUED"},{}]}"#) }
        #expect(throws: DecodingError.self) { try read(ListReply.self, "{}") }
    }

    @Test func `models are marked in whatever way`() throws {
        let reply = try read(
            ModelsReply.self,
            #"{"object":"list","data":[{"id":"a","jobs":true},{"id":"b","jobs":false},{"id":"c"},{"id":"d","jobs":{}}]}"#
        )
        #expect(reply.data.map(\.id) == ["a", "b", "c", "d"])
        #expect(reply.data.map(\.jobs) == [true, false, false, true])
    }

    @Test(arguments: [
        (#"{"error":"no"}"#, ErrorReply.Details(message: "no")),
        (#"{"error":{"message":"no","type":"t","code":"c","param":null}}"#, .init(message: "no", type: "t", code: "c")),
        (#"{"error":{"message":"no","code":402}}"#, .init(message: "no", code: "402")),
        (#"{"error":{"message":"no","type":null}}"#, .init(message: "no")),
    ])
    func `an error reply may carry a text or an object`(json: String, details: ErrorReply.Details) throws {
        #expect(try read(ErrorReply.self, json).error == details)
    }
}
