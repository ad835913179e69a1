import Dispatch
import Foundation
import NightjarCLI
import NightjarCore
import Synchronization
import Testing

struct ProgressDisplayTests {
    private let output = Pipe()
    private let error = Pipe()

    @Test func `on a pipe auto writes lines and a summary, and nothing to standard output`() throws {
        let display = display(.auto)
        #expect(display.mode == .plain)
        display.start()
        show(on: display)
        display.printAbove("a log line")
        display.finish()
        display.printAbove("after the end")
        let text = try written(error)
        #expect(text.hasPrefix("2026-03-01T02:04:05Z neon-cities: 2 jobs\n"))
        #expect(text.contains("\na log line\n"))
        #expect(text.contains("\nneon-cities: 1 of 2 done, 1 failed\nended after 0 s: some failed\n"))
        #expect(text.hasSuffix("\nafter the end\n"))
        #expect(!text.contains("\u{1B}"))
        #expect(try written(output) == "")
    }

    @Test func `json writes every event on its own line of standard output`() throws {
        let display = display(.json)
        display.start()
        show(on: display)
        display.finish()
        let lines = try written(output).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(
            lines.map { $0["event"] as? String } == ["started", "submitted", "failed", "progress", "finished"])
        #expect(try written(error) == "")
    }

    @Test func `none writes nothing but the lines of others`() throws {
        let display = display(.none)
        display.start()
        show(on: display)
        display.printAbove("a log line")
        display.finish()
        #expect(try written(output) == "")
        #expect(try written(error) == "a log line\n")
    }

    @Test func `a reader that takes nothing holds up no one`() throws {
        let display = display(.json)
        display.start()
        // More than any pipe holds; nobody reads before all is observed.
        for index in 0..<20_000 {
            display.observe(RenderingSample.event(.submitted(RenderingSample.job(index), RemoteJobID("job-\(index)"))))
        }
        let lines = Mutex(0)
        let reading = DispatchGroup()
        let reader = output.fileHandleForReading
        DispatchQueue.global().async(group: reading) {
            let text = try? reader.readToEnd()
            lines.withLock { $0 = text?.count { $0 == UInt8(ascii: "\n") } ?? 0 }
        }
        display.finish()
        try output.fileHandleForWriting.close()
        reading.wait()
        #expect(lines.withLock { $0 } == 20_000)
    }

    @Test(
        "a bar needs a terminal that can redraw",
        arguments: [
            (ProgressMode.auto, true, "xterm", ProgressMode.bar), (.auto, true, "dumb", .plain),
            (.auto, false, "xterm", .plain), (.bar, true, "xterm", .bar), (.bar, false, "xterm", .plain),
            (.plain, true, "xterm", .plain), (.json, true, "xterm", .json), (.none, true, "xterm", .none),
        ])
    func resolved(_ mode: ProgressMode, isTerminal: Bool, term: String, expected: ProgressMode) {
        #expect(mode.resolved(isTerminal: isTerminal, environment: ["TERM": term]) == expected)
    }

    @Test func `colours and letters follow the environment`() {
        func style(_ environment: [String: String], isTerminal: Bool = true) -> TerminalStyle {
            TerminalStyle(isTerminal: isTerminal, environment: environment)
        }
        #expect(style(["TERM": "xterm", "LANG": "en_US.UTF-8"]) == TerminalStyle(colour: true, unicode: true))
        #expect(style(["TERM": "xterm", "LANG": "C.utf8", "NO_COLOR": "1"]) == RenderingSample.style)
        #expect(style(["TERM": "xterm", "NO_COLOR": ""]) == TerminalStyle(colour: true, unicode: false))
        #expect(style(["TERM": "dumb", "LC_ALL": "C", "LANG": "de_DE.UTF-8"]).unicode == false)
        #expect(style(["TERM": "dumb", "LC_ALL": "", "LC_CTYPE": "C.UTF-8"]) == RenderingSample.style)
        #expect(style(["TERM": "xterm", "LANG": "C.UTF-8"], isTerminal: false) == RenderingSample.style)
    }

    private func display(_ mode: ProgressMode) -> ProgressDisplay {
        ProgressDisplay(
            mode: mode, outputFolder: "output", environment: ["TERM": "xterm"],
            output: output.fileHandleForWriting.fileDescriptor, error: error.fileHandleForWriting.fileDescriptor,
            now: { RenderingSample.start })
    }

    private func show(on display: ProgressDisplay) {
        display.observe(RenderingSample.event(.started(RenderingSample.progress([.pending: 2]))))
        display.observe(RenderingSample.event(.submitted(RenderingSample.job(0), RemoteJobID("job-1"))))
        display.observe(RenderingSample.event(.failed(RenderingSample.job(0), FailureCause(.rejected, "no"))))
        display.observe(RenderingSample.event(.progress(RenderingSample.progress([.done: 1, .failed: 1]))))
        display.observe(RenderingSample.event(.finished(exit: 3, reason: "some failed"), batch: nil))
    }

    private func written(_ pipe: Pipe) throws -> String {
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }
}
