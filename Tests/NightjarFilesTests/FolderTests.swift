import NightjarTestSupport
import Testing

@testable import NightjarFiles

/// The three ways to give a file its name, for file systems that have the first, the second or neither.
@Suite struct FolderTests {
    enum Way: CaseIterable {
        case rename, link, reserve

        func apply(_ name: String, _ newName: String, _ folder: Folder) throws -> Bool {
            switch self {
            case .rename: try folder.move(name, to: newName, in: folder)
            case .link: try folder.link(name, to: newName, in: folder)
            case .reserve: try folder.reserve(name, to: newName, in: folder)
            }
        }
    }

    @Test(arguments: Way.allCases)
    func `a file gets a name that is free, and no other`(way: Way) throws {
        let files = try TemporaryFolder()
        let folder = try Folder.root(files.path)
        try files.write("new", to: "temporary")
        try files.write("old", to: "taken")
        try files.link("link", to: "nowhere")
        #expect(try !way.apply("temporary", "taken", folder))
        #expect(try !way.apply("temporary", "link", folder))
        #expect(try way.apply("temporary", "free", folder))
        #expect(files.tree == ["free", "link", "taken"])
        #expect(try files.text("free") == "new")
        #expect(try files.text("taken") == "old")
        #expect(throws: SystemError(code: 2)) { try way.apply("temporary", "other", folder) }
        #expect(files.tree == ["free", "link", "taken"])
    }

    @Test func `a folder knows its new children and its parents`() throws {
        let files = try TemporaryFolder()
        let root = try Folder.root(files.path("a/b"))
        let made = try root.descend(["c", "d"], create: true)
        #expect(made.isNew && made.parent?.isNew == true && made.parent?.parent === root)
        #expect(try !root.descend(["c", "d"], create: true).isNew)
        let durable = DurableFolders()
        try durable.sync(made)
        try durable.sync(made)
    }
}
