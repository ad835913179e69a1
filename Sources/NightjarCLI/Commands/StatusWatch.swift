internal import Glibc
internal import NightjarCore
internal import UnixSignals

/// `status --watch`: looks again once a second, until a signal comes.
struct StatusWatch: Sendable {
    let files: StateOptions
    let batch: String?
    let console: Console

    private static let pause: Duration = .seconds(1)

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in signals { return } }
            group.addTask { try await look() }
            defer { group.cancelAll() }
            try await group.next()
        }
        // What the terminal shows of Ctrl-C.
        if console.outputIsTerminal { console.print("\r\u{1B}[K") }
    }

    private func look() async throws {
        var reader = try StateReader(files, console: console)
        var writer = DescriptorWriter(STDOUT_FILENO)
        var canvas = TerminalCanvas()
        var told: String?
        repeat {
            // The first run may make the state while we look.
            if reader.store == nil { reader = try StateReader(files, console: console) }
            let batches = try await reader.batches(named: batch)
            let live = try await reader.live()
            if console.outputIsTerminal {
                let size = TerminalSize(of: STDOUT_FILENO, environment: console.environment)
                let lines = StatusFrame.lines(
                    batches, live: live, stateFile: reader.path, advice: files.advice, size: size, now: WallTime.now,
                    style: console.outputStyle)
                writer.write(canvas.redraw(lines, size: size))
            } else {
                let mark = StatusFrame.mark(batches, live: live, advice: files.advice)
                if mark != told { writer.write((told == nil ? "" : "\n") + block(batches, live, reader)) }
                told = mark
            }
            try writer.check()
        } while (try? await Task.sleep(for: Self.pause)) != nil
    }

    private func block(_ batches: [BatchSummary], _ live: RunSnapshot?, _ reader: StateReader) -> String {
        StatusRenderer.table(
            batches, live: live, stateFile: reader.path, output: reader.output, advice: files.advice, width: nil,
            style: console.outputStyle)
    }
}
