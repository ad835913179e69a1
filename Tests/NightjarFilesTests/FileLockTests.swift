import Foundation
import NightjarFiles
import NightjarTestSupport
import Testing

@Suite struct FileLockTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `one at a time holds the lock`() throws {
        let path = folder.path("state.lock")
        let lock = try FileLock(path: path)
        let error = #expect(throws: FileLockError.self) { _ = try FileLock(path: path) }
        #expect(error == .held(by: ProcessInfo.processInfo.processIdentifier))
        #expect(error?.words == "process \(ProcessInfo.processInfo.processIdentifier) holds it")
        lock.release()
        lock.release()
        _ = try FileLock(path: path)
        _ = try FileLock(path: path)
    }

    @Test func `only its owner may read the lock file`() throws {
        let lock = try FileLock(path: folder.path("state.lock"))
        defer { lock.release() }
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("state.lock"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try folder.text("state.lock") == "\(ProcessInfo.processInfo.processIdentifier)\n")
    }

    @Test func `a lock that cannot be made says why`() throws {
        let path = folder.path("missing/state.lock")
        let error = #expect(throws: FileLockError.self) { _ = try FileLock(path: path) }
        #expect(error == .unwritable("cannot open the lock `\(path)`: no such file or directory"))
        try folder.link("link.lock", to: "elsewhere")
        #expect(throws: FileLockError.self) { _ = try FileLock(path: folder.path("link.lock")) }
        #expect(folder.tree == ["link.lock"])
    }

    @Test func `a process that dies lets its lock go`() async throws {
        let path = folder.path("state.lock")
        try folder.write("99999\n", to: "state.lock")
        _ = try FileLock(path: path)
        await #expect(processExitsWith: .success) { [path = path as String] in
            let lock = try FileLock(path: path)
            withExtendedLifetime(lock) { exit(0) }
        }
        _ = try FileLock(path: path)
    }
}
