import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarStore

struct FinishedImagesTests {
    @Test func `only images that are there tell anything, and no more of them than asked for`() async throws {
        let opened = try Opened(.memory)
        let batch = try opened.takeIn([.sample("one"), .sample("two"), .sample("three", model: "model-b")]).batch
        #expect(try await opened.store.finishedImages(limit: 10) == [])
        for number in 1...2 {
            let id = RemoteJobID("job-\(number)")
            let file = OutputFile(
                path: "\(number).png", sha256: "00", bytes: Int64(number) * 1000, width: 20, height: 10)
            try await opened.claim(
                batch, then: [.submitted(id, attempt: 1), .ready(id, RemoteResult(url: "u"), attempt: 1), .done(file)])
        }
        #expect(
            try await opened.store.finishedImages(limit: 10) == [
                FinishedImage(model: "model-a", pixels: 200, bytes: 1000, duration: .zero),
                FinishedImage(model: "model-a", pixels: 200, bytes: 2000, duration: .zero),
            ])
        #expect(try await opened.store.finishedImages(limit: 1).count == 1)
    }
}
