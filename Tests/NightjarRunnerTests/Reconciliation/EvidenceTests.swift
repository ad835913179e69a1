import NightjarCore
import Testing

@testable import NightjarRunner

/// Rules 6 to 8 and 16: which lists are evidence. Each trace ends with money leaving, or not.
struct EvidenceTests {
    /// Submitted at 0, lost at 1.
    private func scene(by kind: Loss.Kind = .closed, anchors: Set<RemoteJobID> = ["old"]) throws -> Scene {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0, anchors: anchors)
        try scene.lose(1, by: kind, at: 1)
        return scene
    }

    @Test(arguments: [Loss.Kind.silent, .gateway, .interrupted])
    func `after silence no list counts before four timeouts from sending`(kind: Loss.Kind) throws {
        var scene = try scene(by: kind)
        #expect(scene.list(at: 119).counted.isEmpty)
        #expect(scene.list(at: 120).counted == [Scene.id(1)])
    }

    @Test func `an anchor must be shown if there is one`() throws {
        var scene = try scene()
        #expect(scene.list(scene.row("theirs", -800), at: 31, hasOld: false).counted.isEmpty)
        // One of ours from before the intent is one too.
        scene.known.insert("ours")
        #expect(scene.list(scene.row("ours", -800), at: 40, hasOld: false).counted == [Scene.id(1)])
    }

    @Test func `a list that shows no anchor is followed further back the next time`() throws {
        var scene = try scene()
        #expect(scene.machine.wantsReachBackTo == scene.wall(-60))
        #expect(scene.list(scene.row("theirs", -70), at: 31, hasOld: false, hasMore: true).counted.isEmpty)
        #expect(scene.machine.wantsReachBackTo == scene.wall(-60 - 86400))
        #expect(scene.list(scene.row("theirs", -70), at: 40, hasMore: true).counted == [Scene.id(1)])
        #expect(scene.machine.wantsReachBackTo == scene.wall(-60))
    }

    @Test func `a job accepted after the intent proves no account`() throws {
        var scene = try scene()
        try scene.submit(2, seed: 2, at: 5)
        scene.accept(2, as: "later", at: 6)
        let rows = [scene.row("later", 6), scene.row("theirs", -800)]
        #expect(scene.list(rows[0], rows[1], at: 31, hasOld: false, hasMore: false).counted.isEmpty)
    }

    @Test func `an empty list shows something only when it says that it is whole`() throws {
        var scene = try scene(anchors: [])
        #expect(scene.list(at: 31, hasOld: false).counted.isEmpty)
        #expect(scene.list(at: 32, hasOld: false, hasMore: true).counted.isEmpty)
        #expect(scene.list(at: 33, hasOld: false, hasMore: false).counted == [Scene.id(1)])
    }

    @Test func `a list that reaches must show a row older than the intent by more than the margin`() throws {
        var scene = try scene(anchors: [])
        #expect(scene.list(scene.row("x", -60, .failed("")), at: 31, hasOld: false).counted.isEmpty)
        #expect(scene.list(scene.row("y", -61), at: 32, hasOld: false).counted == [Scene.id(1)])
    }

    @Test func `fewer rows than the longest list are all there are`() throws {
        var scene = Scene()
        scene.list(scene.row("a", -30), scene.row("b", -40), at: -5, hasOld: false)
        try scene.submit(1, at: 0, anchors: ["a"])
        try scene.lose(1, at: 1)
        #expect(scene.list(scene.row("a", -30), scene.row("b", -40), at: 31, hasOld: false).counted.isEmpty)
        #expect(scene.list(scene.row("a", -30), at: 32, hasOld: false).counted == [Scene.id(1)])
    }

    @Test func `the oldest first and cut shows nothing without a witness`() throws {
        var scene = try scene()
        #expect(
            scene.list(scene.row("old", -2000), scene.row("x", -1500), at: 31, hasOld: false).counted.isEmpty)
        let rows = [scene.row("old", -2000), scene.row("witness", 92)]
        #expect(scene.list(rows[0], rows[1], at: 100, hasOld: false).counted == [Scene.id(1)])
    }

    @Test func `unsorted rows show nothing, and a second's disorder does`() throws {
        var scene = try scene()
        #expect(scene.list(scene.row("x", -500), scene.row("y", -400), at: 31).counted.isEmpty)
        #expect(scene.list(scene.row("x", -501), scene.row("y", -500), at: 32).counted == [Scene.id(1)])
    }

    @Test func `what a cache has kept is as old as it says`() throws {
        var scene = try scene()
        #expect(scene.list(at: 60, age: 40).counted.isEmpty)
        #expect(scene.list(at: 71, age: 40).counted == [Scene.id(1)])
        // The same reply again, only older by now.
        #expect(scene.list(at: 81, age: 50).resubmitted.isEmpty)
    }

    @Test func `a list that misses our own job is stale, unless a witness shows it fresh`() throws {
        var scene = try scene()
        try scene.submit(2, seed: 2, at: 5)
        scene.accept(2, as: "b", at: 6)
        #expect(scene.list(at: 31).counted.isEmpty)
        #expect(scene.list(scene.row("witness", 92), at: 100).counted == [Scene.id(1)])
        // When it appears at last, the list has lagged: settle follows.
        scene.list(scene.row("b", 6), at: 110)
        #expect(scene.machine.knowledge.worstLag == .seconds(94))
        #expect(scene.machine.settle == .seconds(20 + 188))
    }

    @Test func `ids listed before the intent are no candidates, whatever their time says`() throws {
        var scene = Scene()
        scene.list(scene.row("before", 3, .processing), at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        #expect(scene.list(scene.row("before", 3, .processing), at: 31).counted == [Scene.id(1)])
    }

    @Test(arguments: [-1, -59, nil])
    func `a row that says it was made before the intent is a candidate within the margin`(created: Double?) throws {
        var scene = try scene()
        scene.list(scene.row("a", created), at: 31)
        #expect(scene.hold(1, at: 31)?.reason == .candidateRunning)
        #expect(scene.read("a", seed: .integer(1), at: 32).adopted == ["a"])
    }

    @Test func `a row older than the margin is nobody's`() throws {
        var scene = try scene()
        #expect(scene.list(scene.row("a", -61, .processing), at: 31).counted == [Scene.id(1)])
    }

    @Test func `a list that shows a blocker clears what was counted, and two are needed anew`() throws {
        var scene = try scene()
        #expect(scene.list(at: 31).counted == [Scene.id(1)])
        #expect(scene.list(scene.row("a", 2, .queued), at: 36).cleared == [Scene.id(1)])
        #expect(scene.list(scene.row("a", 2, .failed("")), at: 41).counted == [Scene.id(1)])
        #expect(scene.list(scene.row("a", 2, .failed("")), at: 46).usesTry)
    }

    @Test func `a list that is no evidence neither counts nor clears`() throws {
        var scene = try scene()
        scene.list(at: 31)
        #expect(scene.list(at: 36, hasOld: false).isEmpty)
        #expect(scene.list(at: 37).resubmitted == [Scene.id(1)])
    }

    @Test func `two losses in a row: evidence of the first never serves the second`() throws {
        var scene = try scene()
        scene.list(at: 31)
        scene.list(at: 36)
        try scene.submit(1, 2, at: 37)
        try scene.lose(1, 2, at: 38)
        for time in [40.0, 45, 60, 67.9] { #expect(scene.list(at: time).allSatisfy { $0.isNoDecision }) }
        #expect(scene.list(at: 68).counted == [Scene.id(1, 2)])
        #expect(scene.list(at: 73).resubmitted == [Scene.id(1, 2)])
    }

    @Test func `shown absent, paused for an hour, and the late row appears: adopted`() throws {
        var scene = try scene()
        scene.list(at: 31)
        #expect(scene.list(at: 36).resubmitted == [Scene.id(1)])
        #expect(!scene.machine.mayStillResubmit(Scene.id(1), at: scene.at(3600)))
        scene.list(scene.row("late", 20), at: 3601)
        #expect(scene.read("late", seed: .integer(1), at: 3602).adopted == ["late"])
        #expect(scene.machine.tick(at: scene.at(3603)).resubmitted.isEmpty)
    }
}
