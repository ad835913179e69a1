import Foundation
import NightjarTestSupport
import Testing

@testable import NightjarFiles

@Suite(.timeLimit(.minutes(2))) struct FolderEventsTests {
    @Test func `what is renamed in is told from what is written`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "one/here.txt")
        try folder.write("", to: "two/here.txt")
        try folder.write("", to: "out.txt")
        let folders = try ["one", "two"].map { try Folder.opened(at: folder.path($0)) }
        let events = try FolderEvents(folders)
        var heard = events.events.makeAsyncIterator()
        try FileManager.default.moveItem(atPath: folder.path("out.txt"), toPath: folder.path("two/in.txt"))
        #expect(await heard.next() == .movedIn(FileName("in.txt"), folder: 1))
        close(open(folder.path("one/new.txt"), O_CREAT | O_WRONLY, 0o600))
        #expect(await heard.next() == .changed(FileName("new.txt"), folder: 0))
        #expect(await heard.next() == .changed(FileName("new.txt"), folder: 0))
        try FileManager.default.moveItem(atPath: folder.path("one/new.txt"), toPath: folder.path("one/other.txt"))
        #expect(await heard.next() == .movedIn(FileName("other.txt"), folder: 0))
        try FileManager.default.moveItem(atPath: folder.path("one"), toPath: folder.path("three"))
        #expect(await heard.next() == .lost)
    }

    @Test func `names need not be text`() async throws {
        let folder = try TemporaryFolder()
        let events = try FolderEvents([Folder.opened(at: folder.path)])
        var heard = events.events.makeAsyncIterator()
        let name = FileName(bytes: [0x61, 0xFF, 0xC3, 0x62])
        let path = Array(folder.path.utf8CString.dropLast()) + [0x2F] + name.cString
        #expect(mkdir(path, 0o700) == 0)
        #expect(await heard.next() == .changed(name, folder: 0))
        #expect(name.printable == "a%FF%C3b" && name.text == nil)
        #expect(try Folder.opened(at: folder.path).names() == [name])
    }

    @Test func `a folder that is no longer needed is no longer watched`() async throws {
        let folder = try TemporaryFolder()
        var events: FolderEvents? = try FolderEvents([Folder.opened(at: folder.path)])
        let stream = try #require(events).events
        events = nil
        for await _ in stream {}
    }

    @Test func `a tree is deleted without what its links lead to`() throws {
        let folder = try TemporaryFolder()
        try folder.write("kept", to: "outside/file")
        try folder.write("", to: "tree/deep/file")
        try folder.link("tree/deep/link", to: folder.path("outside"))
        let root = try Folder.opened(at: folder.path)
        try root.removeTree(FileName("tree"))
        try root.removeTree(FileName("nothing"))
        #expect(folder.tree == ["outside/file"])
        #expect(throws: SystemError.self) { try root.removeTree(FileName("outside/file")) }
    }

    @Test func `stamps tell files apart, and from themselves after a change`() throws {
        let folder = try TemporaryFolder()
        try folder.write("a", to: "file")
        try folder.link("link", to: "file")
        let root = try Folder.opened(at: folder.path)
        let first = try #require(try root.stamp(of: FileName("file")))
        #expect(first.kind == .file && first.bytes == 1)
        #expect(try root.stamp(of: FileName("link"))?.kind == .link)
        #expect(try root.stamp(of: FileName("none")) == nil)
        #expect(try root.open(FileName("file")).stamp() == first)
        try root.write("a", to: "file", temporary: ".part")
        let second = try #require(try root.stamp(of: FileName("file")))
        #expect(second != first && !second.isSameFile(as: first))
        #expect(throws: SystemError(code: ELOOP)) { try root.open(FileName("link")) }
    }
}
