import Foundation
import NightjarManifest
import NightjarTestSupport
import Testing

struct UnreadableTests {
    private func failure(_ path: String) -> ManifestError? {
        #expect(throws: ManifestError.self) { _ = try ManifestFile(path: path).load() }
    }

    @Test func `a file that is not there cannot be read`() throws {
        let folder = try TemporaryFolder()
        let error = try #require(failure(folder.path("none.yaml")))
        #expect(error.kind == .unreadable)
        #expect(
            DiagnosticRenderer.text(error, colour: false)
                == """
                \(folder.path("none.yaml")): error: the manifest cannot be read: no such file

                1 error in \(folder.path("none.yaml")); nothing was submitted

                """)
    }

    @Test func `a folder, a pipe and a device are no manifests`() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
        for path in [folder.path, folder.path("pipe"), "/dev/zero", "/dev/null", folder.path("a/b"), ""] {
            #expect(failure(path)?.kind == .unreadable)
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `a file without permission cannot be read`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("version: 1\n", to: "secret.yaml")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        #expect(failure(path)?.diagnostics.first?.message.contains("permission denied") == true)
    }

    @Test func `a symbolic link is followed`() throws {
        let folder = try TemporaryFolder()
        try folder.write("version: 1\nname: a\ndefaults: {model: m}\nprompts: [a]\n", to: "a.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("b.yaml"), withDestinationPath: folder.path("a.yaml"))
        #expect(try ManifestFile(path: folder.path("b.yaml")).load().count == 1)
    }
}
