import NightjarCLI
import NightjarCore

/// Events and states that the tests of the renderers share.
enum RenderingSample {
    /// 2026-03-01T02:04:05.000Z.
    static let start = WallTime(milliseconds: 1_772_330_645_000)
    static let style = TerminalStyle(colour: false, unicode: true)

    static func job(_ index: Int) -> JobReference {
        JobReference(key: JobKey(high: 0x0123_4567_89AB_CDEF, low: UInt64(index)), index: index)
    }

    static func file(_ path: String) -> OutputFile {
        OutputFile(
            path: path, sha256: String(repeating: "ab", count: 32), bytes: 1_234_567, width: 832, height: 1216)
    }

    static func event(_ kind: RunEvent.Kind, batch: String? = "neon-cities", after seconds: Int = 0) -> RunEvent {
        RunEvent(time: start + .seconds(seconds), batch: batch, kind: kind)
    }

    static func progress(
        _ counts: [JobState: Int], of batch: String = "neon-cities", rate: Double? = nil, eta: Int? = nil,
        spent: Money = .zero
    ) -> BatchProgress {
        BatchProgress(batch: batch, counts: counts, throughput: rate, etaSeconds: eta, spent: spent)
    }

    /// A run in its middle: two batches, a failure, a lost answer, a gate.
    static var middleOfARun: ProgressState {
        var state = ProgressState()
        let neon = progress([.done: 620, .submitted: 6, .ready: 2, .failed: 3, .pending: 369], rate: 1.42, eta: 272)
        let portraits = progress(
            [.done: 5, .submitted: 3, .unknown: 1, .pending: 31], of: "portraits", rate: 0.2, eta: 7500)
        state.apply(event(.started(neon)))
        state.apply(event(.started(portraits), batch: "portraits"))
        state.apply(
            event(.done(job(619), file("neon-cities/000619-夜の街-in-the-rain-with-neon-lights-1234567.png"))))
        state.apply(
            event(.failed(job(12), FailureCause(.remoteFailed, "worker \u{1B}[31mout of memory\u{202E} 失敗"))))
        state.apply(
            event(.gate(reason: "the API asked to slow down (429)", until: start + .seconds(23)), batch: nil))
        return state
    }

    static func frame(
        _ state: ProgressState, columns: Int, rows: Int = 24, style: TerminalStyle = style, isLast: Bool = false
    ) -> [String] {
        ProgressFrame.lines(
            state, size: TerminalSize(columns: columns, rows: rows), now: start, style: style, isLast: isLast)
    }
}
