import Foundation
import Glibc
import NightjarCore
import NightjarTestSupport
import Testing

@testable import NightjarDaemon

@Suite(.timeLimit(.minutes(2))) struct ChildProcessTests {
    private func run(
        _ script: String, input: String = "", environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        limit: Duration = .seconds(60)
    ) async -> ChildProcess.Result {
        await ChildProcess.run(
            ["/bin/sh", "-c", script], environment: environment, input: input, limit: limit,
            time: .system(bootID: "test"))
    }

    @Test func aProgramReadsItsInputAndItsEndIsKept() async {
        let input = String(repeating: "0123456789abcdef", count: 20_000)
        #expect(
            await run("wc -c; echo gone >&2; exit 7", input: input) == .init(end: .exited(7), tail: "320000\ngone\n"))
        #expect(await run("exit 0", input: input) == .init(end: .exited(0), tail: ""), "it need not read")
        #expect(await run("kill -TERM $$").end == .signalled(SIGTERM))
    }

    @Test func aProgramThatFloodsUsCostsNoMemory() async {
        let result = await run("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end", limit: .seconds(100))
        #expect(result.end == .exited(0))
        #expect(result.tail.utf8.count == 2000 && result.tail.hasSuffix("xxx\nthe end\n"))
    }

    @Test func aProgramThatHangsIsKilledWithAllItStarted() async throws {
        let folder = try TemporaryFolder()
        let script = "echo begun; sleep 1000 & echo $! >'\(folder.path("pid"))'; trap '' TERM; wait; sleep 1000"
        let result = await run(script, limit: .milliseconds(500))
        #expect(result == .init(end: .tookTooLong, tail: "begun\n"))
        let child = try #require(
            Int32(try String(contentsOfFile: folder.path("pid"), encoding: .utf8).trimmed()))
        // Whoever inherits it may take a moment to bury it.
        try await until { kill(child, 0) == -1 || isZombie(child) }
    }

    @Test func aProgramEndsWithTheTaskThatRunsIt() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("pid")
        let task = Task { await run("echo $$ >'\(path)'; sleep 1000") }
        try await until { ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").hasSuffix("\n") }
        task.cancel()
        #expect(await task.value.end == .cancelled)
        let child = try #require(Int32(try String(contentsOfFile: path, encoding: .utf8).trimmed()))
        #expect(kill(child, 0) == -1, "it has been waited for")
    }

    @Test func whatAProgramLeavesBehindKeepsNobodyWaiting() async {
        #expect(await run("sleep 1000 & echo $!; exit 0").end == .exited(0))
    }

    @Test func aProgramSeesItsEnvironmentAndNoFilesOfOurs() async throws {
        let result = await run(
            "env | grep -v -e ^PWD -e ^SHLVL -e ^_; ls /proc/self/fd | wc -w", environment: ["FOX": "a b"])
        // Its three, and the folder that `ls` reads.
        #expect(result.tail == "FOX=a b\n4\n")
    }

    @Test func aProgramThatIsNotThereIsSaidSo() async {
        let result = await ChildProcess.run(
            ["/no/such/program", "secret"], environment: [:], input: "", limit: .seconds(1),
            time: .system(bootID: "test"))
        #expect(result.end == .notStarted("`/no/such/program` cannot be started: no such file or directory"))
    }

    private func isZombie(_ pid: Int32) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return text.contains(") Z ")
    }
}
