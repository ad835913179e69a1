import NightjarCore
import Testing

@testable import NightjarRunner

/// Section 7, row by row.
struct DecisionTableTests {
    /// Submitted at 0, lost at 1; from 31 on a list may count.
    private func scene(provenBits: Int = 31, seed: Int64 = 1) throws -> Scene {
        var scene = Scene(provenBits: provenBits)
        scene.list(at: -5)
        try scene.submit(1, seed: seed, at: 0)
        try scene.lose(1, at: 1)
        return scene
    }

    @Test func `no candidate in two lists five seconds apart: submitted again`() throws {
        var scene = try scene()
        #expect(scene.list(at: 30.9).counted.isEmpty)
        #expect(scene.list(at: 31).counted == [Scene.id(1)])
        #expect(scene.list(at: 35.9).resubmitted.isEmpty)
        #expect(scene.list(at: 36).resubmitted == [Scene.id(1)])
        #expect(scene.machine.mayStillResubmit(Scene.id(1), at: scene.at(46)))
        #expect(!scene.machine.mayStillResubmit(Scene.id(1), at: scene.at(46.1)))
    }

    @Test(arguments: [RemoteJob.Status.queued, .processing, .unheardOf("DREAMING")])
    func `a candidate that runs is waited for`(status: RemoteJob.Status) throws {
        var scene = try scene()
        #expect(scene.list(scene.row("a", 2, status), at: 31).counted.isEmpty)
        #expect(scene.hold(1, at: 32)?.reason == .candidateRunning)
        #expect(scene.machine.quiet(at: scene.at(100)) == nil)
        // Also when it has left the list.
        #expect(scene.list(at: 40).counted.isEmpty)
        #expect(scene.machine.candidatesToRead(at: scene.at(41)) == ["a"])
    }

    @Test func `a completed candidate with its seed alone is adopted`() throws {
        var scene = try scene()
        scene.list(scene.row("a", 2), at: 10)
        #expect(scene.machine.candidatesToRead(at: scene.at(10.5)) == ["a"])
        #expect(scene.read("a", seed: .integer(1), at: 11).adopted == ["a"])
        // Comes again while it is not recorded.
        #expect(scene.list(scene.row("a", 2), at: 40).adopted == ["a"])
        scene.machine.moved(JobID(1), to: .submitted)
        scene.known.insert("a")
        #expect(scene.list(scene.row("a", 2), at: 60).allSatisfy { $0.isNoDecision })
        #expect(scene.machine.nextList(at: scene.at(61)) == nil)
    }

    @Test func `a completed candidate with another seed is struck off where the echo is proven`() throws {
        var scene = try scene()
        scene.list(scene.row("a", 2), at: 31)
        scene.read("a", seed: .integer(2), at: 32)
        #expect(scene.list(scene.row("a", 2), at: 33).counted == [Scene.id(1)])
        #expect(scene.list(scene.row("a", 2), at: 38).resubmitted == [Scene.id(1)])
    }

    @Test(arguments: [EchoedSeed.integer(2), nil, .text("two"), .number(2.5)])
    func `a seed that cannot be compared holds`(seed: EchoedSeed?) throws {
        var scene = try scene(provenBits: 0)
        scene.list(scene.row("a", 2), at: 31)
        scene.read("a", seed: seed, at: 32)
        #expect(scene.list(scene.row("a", 2), at: 33).counted.isEmpty)
        #expect(scene.hold(1, at: 34)?.reason == .seedsNotComparable)
        #expect(scene.machine.quiet(at: scene.at(100)) == .seconds(67.8 + 0.2))
    }

    @Test func `a seed that fits two different requests holds both`() throws {
        var scene = Scene()
        scene.list(at: -5)
        // Found so at the start: no process lets two of a seed out at one time.
        var first = scene.submission(1, at: 0)
        var second = scene.submission(2, at: 1)
        first.jobState = .unknown
        second.jobState = .unknown
        first.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(2))
        second.lost = first.lost
        scene.machine.restore([first, second], candidates: [], accepted: [])
        scene.list(scene.row("a", 2), at: 31)
        #expect(scene.read("a", seed: .integer(1), at: 32).adopted.isEmpty)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        let hold = scene.hold(1, at: 41)
        #expect(hold?.reason == .ambiguous)
        #expect(hold?.words == "`a` fits `100000000000` and `200000000000`, which share seed 1")
    }

    @Test func `a seed that fits two equal requests is adopted by one, and the other goes on`() throws {
        var scene = Scene()
        scene.list(at: -5)
        var first = scene.submission(1, prompt: "same", at: 0)
        var second = scene.submission(2, prompt: "same", at: 1)
        first.jobState = .unknown
        second.jobState = .unknown
        first.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(2))
        second.lost = first.lost
        scene.machine.restore([first, second], candidates: [], accepted: [])
        scene.list(scene.row("b", 3), scene.row("a", 2), at: 31)
        #expect(scene.read("a", seed: .integer(1), at: 32).adopted == ["a"])
        #expect(scene.read("b", seed: .integer(1), at: 33).adopted == ["b"])
    }

    @Test func `where only failed ones are left a try is used up`() throws {
        var scene = try scene()
        scene.list(scene.row("a", 2, .failed("no memory")), at: 31)
        let steps = scene.list(scene.row("a", 2, .failed("no memory")), at: 36)
        #expect(steps.resubmitted == [Scene.id(1)])
        #expect(steps.usesTry)
    }

    @Test func `one made after the window is adopted all the same, and blocks nothing before`() throws {
        var scene = try scene()
        // The window ends at 1 + 30, and the margin with 91.
        scene.list(scene.row("late", 92, .processing), at: 93)
        #expect(scene.list(scene.row("late", 92), at: 94).counted.isEmpty)
        #expect(scene.machine.candidatesToRead(at: scene.at(95)) == ["late"])
        #expect(!scene.machine.isPressing("late"))
        #expect(scene.read("late", seed: .integer(1), at: 96).adopted == ["late"])
    }
}

extension Step {
    var isNoDecision: Bool {
        switch self {
        case .adopt, .resubmit, .duplicate: false
        case .noteEvidence, .noteCandidates, .forgetCandidates, .close: true
        }
    }
}
