import Foundation
import Glibc
import Logging
import NightjarTestSupport
import Testing

@testable import NightjarCLI

@Suite struct LineLogHandlerTests {
    private let written = Locked<[String]>([])

    private func logger(
        _ format: RunConfiguration.LogFormat, priorities: Bool = false, level: LogLevel = LogLevel(.info)
    ) -> Logger {
        let written = written
        let handler = LineLogHandler(format: format, hasPriorities: priorities, level: level) { line in
            written.withLock { $0.append(line) }
        }
        return Logger(label: "test") { _ in handler }
    }

    @Test func aLineOfJSONIsOneObjectWithItsMetadata() throws {
        var logger = logger(.json)
        logger[metadataKey: "batch.id"] = "spring"
        logger.warning(
            "job\nfailed",
            metadata: [
                "error.message": "line one\nline \"two\"\u{1B}[31m", "list": ["a", "b"], "time": "never",
                "level": "none",
            ])
        logger.error("it broke", error: CancellationError())
        #expect(written.value.count == 2)
        for line in written.value { #expect(!line.contains { $0.isNewline } && !line.contains("\u{1B}")) }
        let first = try #require(
            try JSONSerialization.jsonObject(with: Data(written.value[0].utf8)) as? [String: String])
        #expect(first["message"] == "job\nfailed" && first["level"] == "warning")
        #expect(first["error.message"] == "line one\nline \"two\"\u{1B}[31m")
        #expect(first["batch.id"] == "spring" && first["list"] == #"["a", "b"]"#)
        #expect(written.value[0].hasPrefix(#"{"time":"2"#), "a key is not there twice")
        #expect(written.value[0].matches(of: /"(time|level|message)":/).count == 3)
        #expect(written.value[1].contains(#""error":"CancellationError()""#))
    }

    @Test(arguments: [
        (Logger.Level.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ])
    func theJournalIsToldThePriorityOfALineOfText(level: Logger.Level, priority: Int) throws {
        logger(.text, priorities: true, level: LogLevel(.trace)).log(
            level: level, "batch\nstarted", metadata: ["a": "b c"])
        let line = try #require(written.value.first)
        let expected = try Regex(#"<\#(priority)>2\S+Z \#(level.rawValue) batch started a="b c""#)
        #expect(line.wholeMatch(of: expected) != nil, "\(line)")
    }

    @Test func withoutTheJournalNoLineHasAPriority() {
        logger(.text).info("batch started")
        logger(.json, priorities: true).info("batch started")
        for line in written.value { #expect(!line.contains("<")) }
    }

    @Test func theLevelChangesForAllLoggersWhileTheyLog() {
        let level = LogLevel(.warning)
        let first = logger(.text, level: level)
        let second = logger(.text, level: level)
        var own = first
        own.logLevel = .error
        first.info("unheard")
        level.value = .debug
        first.debug("first")
        second.debug("second")
        own.warning("unheard: it has a level of its own")
        level.value = .error
        first.warning("unheard")
        #expect(written.value.map { $0.split(separator: " ").last } == ["first", "second"])
    }

    @Test func theJournalIsKnownByWhatIsConnected() throws {
        let folder = try TemporaryFolder()
        let file = open(try folder.write("", to: "journal"), O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        var status = stat()
        fstat(file, &status)
        func isConnected(_ value: String?, _ descriptor: Int32 = file) -> Bool {
            JournalStream.isConnected(["JOURNAL_STREAM": value].compactMapValues(\.self), descriptor: descriptor)
        }
        #expect(isConnected("\(status.st_dev):\(status.st_ino)"))
        #expect(!isConnected(nil))
        #expect(!isConnected("\(status.st_dev):\(status.st_ino + 1)"), "something else was connected since")
        #expect(!isConnected("\(status.st_dev + 1):\(status.st_ino)"))
        for value in ["", ":", "1", "a:b", "\(status.st_dev):\(status.st_ino):1"] { #expect(!isConnected(value)) }
        #expect(!isConnected("\(status.st_dev):\(status.st_ino)", -1))
    }
}
