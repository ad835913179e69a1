import Foundation
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequestBellTests {
    @Test func `each ring is heard, also the first of all and two in one moment`() async throws {
        let folder = try TemporaryFolder()
        let bell = RequestBell(state: folder.path("state.sqlite3"))
        // Nobody listens yet, so nobody hears it.
        bell.ring()
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("state.sqlite3.requests"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        var rings = bell.rings().makeAsyncIterator()
        for _ in 0..<3 {
            bell.ring()
            bell.ring()
            #expect(await rings.next() != nil)
        }
        // Two rings in one tick of the file system's clock.
        for _ in 0..<20 {
            bell.ring()
            #expect(await rings.next() != nil)
        }
    }

    @Test func `what rang before is not heard, and who waits ends when it is cancelled`() async throws {
        let folder = try TemporaryFolder()
        let bell = RequestBell(state: folder.path("state.sqlite3"))
        bell.ring()
        let rings = bell.rings()
        let heard = Task { await rings.reduce(0) { count, _ in count + 1 } }
        heard.cancel()
        #expect(await heard.value == 0)
    }

    @Test func `a bell that cannot be rung says nothing, and a link is not followed`() throws {
        let folder = try TemporaryFolder()
        RequestBell(state: folder.path("missing/state.sqlite3")).ring()
        try folder.link("state.sqlite3.requests", to: "elsewhere")
        RequestBell(state: folder.path("state.sqlite3")).ring()
        #expect(folder.tree == ["state.sqlite3.requests"])
    }
}
