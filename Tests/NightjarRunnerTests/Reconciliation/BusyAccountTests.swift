import NightjarCore
import Testing

@testable import NightjarRunner

/// Lists that other people's jobs fill, and clocks that are not exact.
struct BusyAccountTests {
    @Test func `among strangers' jobs without end a lost one is decided soon after its window`() throws {
        var scene = Scene()
        let beginning = scene
        func rows(at time: Double) -> [JobList.Row] {
            stride(from: -100.0, to: time, by: 0.2).reversed().map { made in
                let status: RemoteJob.Status = made + 2 <= time ? .completed(nil) : .processing
                return beginning.row(RemoteJobID("s\(Int((made * 5).rounded()))"), made, status)
            }
        }
        func list(_ scene: inout Scene, at time: Double) -> [Step] {
            scene.machine.read(
                scene.reading(rows(at: time) + [scene.row("old", -1000)]), asked: scene.at(time),
                received: scene.at(time + 0.1), known: [])
        }
        _ = list(&scene, at: -1)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        var time = 1.0
        var decided: Double?
        while decided == nil, time < 300 {
            time += 0.5
            if scene.machine.nextList(at: scene.at(time)) == .zero, list(&scene, at: time).resubmitted == [Scene.id(1)]
            {
                decided = time
            }
            for id in scene.machine.candidatesToRead(at: scene.at(time)) {
                guard let candidate = scene.machine.candidates[id]?.candidate, case .completed = candidate.status else {
                    continue
                }
                scene.read(id, seed: .integer(77), at: time)
            }
        }
        // Until the window with its margin is over a job that has just begun may be the lost one.
        #expect((91...140).contains(decided ?? 0), "\(decided ?? 0)")
    }

    @Test(arguments: [-30.0, 30])
    func `the API's clock is set by half a minute between intent and acceptance`(step: Double) throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        #expect(scene.list(scene.row("a", 20 + step, .processing), at: 31).counted.isEmpty)
        #expect(scene.read("a", seed: .integer(1), at: 32).adopted == ["a"])
    }

    @Test func `without any time of the API's all rows are candidates, and only a whole list reaches`() throws {
        var scene = Scene()
        scene.knowsTime = false
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        #expect(scene.list(scene.row("a", -500, .processing), at: 31, hasMore: false).counted.isEmpty)
        scene.read("a", seed: .integer(5), at: 32)
        #expect(scene.list(scene.row("a", -500), at: 33, hasMore: false).counted == [Scene.id(1)])
        // As soon as it tells its time the intent has one too.
        scene.knowsTime = true
        #expect(scene.list(at: 38).resubmitted == [Scene.id(1)])
        #expect(scene.machine.wantsReachBackTo == scene.wall(-60))
    }

    @Test func `rows that are late by more than a window are read, and watched ones last`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        scene.list(scene.row("late", 95), scene.row("in", 50), at: 100)
        #expect(scene.machine.candidatesToRead(at: scene.at(100)) == ["in", "late"])
        #expect(scene.machine.isPressing("in"))
        // Not listed any more: a stranger's that nobody asks for again.
        scene.list(at: 110)
        #expect(scene.machine.candidatesToRead(at: scene.at(111)) == ["in"])
    }

    @Test func `candidates that the state has learnt to be ours are forgotten there`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        #expect(scene.list(scene.row("a", 2, .queued), at: 3).count == 1)
        scene.accept(1, as: "a", at: 4)
        #expect(scene.machine.tick(at: scene.at(5)) == [.forgetCandidates(["a"])])
        var second = Reconciler(knowledge: APIKnowledge())
        second.restore(
            [], candidates: [Candidate(id: "a", status: .queued, createdAt: nil, model: nil)],
            accepted: [("a", scene.at(4))])
        #expect(second.tick(at: scene.at(6)) == [.forgetCandidates(["a"])])
    }
}
