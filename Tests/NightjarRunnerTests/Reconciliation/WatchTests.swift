import NightjarCore
import Testing

@testable import NightjarRunner

/// Rules 4, 17, 20 and 22, cancelling, restarts, and what is asserted (section 9).
struct WatchTests {
    private func absent(_ jobs: Int64 = 1) throws -> Scene {
        var scene = Scene()
        scene.list(at: -5)
        for job in 1...jobs {
            try scene.submit(job, seed: job, at: 0)
            try scene.lose(job, at: 1)
        }
        scene.list(at: 31)
        return scene
    }

    @Test func `a hundred lost at once, none received: one is submitted again, then the rest`() throws {
        var scene = try absent(100)
        #expect(scene.list(at: 36).resubmitted == [Scene.id(1)])
        try scene.submit(1, 2, at: 36.5)
        #expect(scene.list(at: 38).resubmitted.isEmpty)
        scene.accept(1, 2, as: "new", at: 38.5)
        #expect(scene.list(at: 39).resubmitted.isEmpty)
        // The first list that shows it; evidence of the rest stands.
        let steps = scene.list(scene.row("new", 37, .queued), at: 44)
        #expect(steps.resubmitted == (2...100).map { Scene.id($0) })
        for job in 2...100 as ClosedRange<Int64> { try scene.submit(job, 2, seed: job, at: 45) }
    }

    @Test func `a list that lies costs one duplicate, and the rest is held`() throws {
        var scene = try absent(100)
        scene.list(at: 36)
        try scene.submit(1, 2, at: 36.5)
        scene.accept(1, 2, as: "new", at: 37)
        for time in stride(from: 40.0, to: 400, by: 5) { #expect(scene.list(at: time).resubmitted.isEmpty) }
    }

    @Test func `one that went first and was lost too goes again when it is shown absent`() throws {
        var scene = try absent(2)
        #expect(scene.list(at: 36).resubmitted == [Scene.id(1)])
        try scene.submit(1, 2, at: 36.5)
        try scene.lose(1, 2, at: 37)
        #expect(scene.list(at: 60).resubmitted.isEmpty)
        scene.list(at: 67)
        #expect(scene.list(at: 72).resubmitted == [Scene.id(1, 2)])
    }

    @Test func `one that went first and was turned away lets another go`() throws {
        var scene = try absent(2)
        scene.list(at: 36)
        try scene.submit(1, 2, at: 36.5)
        scene.machine.ended(Scene.id(1, 2), leaving: .unknown)
        let resubmitted = scene.list(at: 37).resubmitted + scene.list(at: 43).resubmitted
        #expect(resubmitted.first == Scene.id(2))
        // Whatever it is called, it needs evidence.
        #expect(throws: InvariantViolation.self) { try scene.submit(1, 3, at: 100) }
    }

    @Test func `a match of a replaced submission is adopted while its job is lost again, and a duplicate after`() throws
    {
        var scene = try absent()
        scene.list(at: 36)
        try scene.submit(1, 2, at: 37)
        try scene.lose(1, 2, at: 38)
        scene.list(scene.row("first", 20), at: 39)
        #expect(scene.read("first", seed: .integer(1), at: 40).adopted == ["first"])
        scene.machine.moved(JobID(1), to: .submitted)
        scene.known.insert("first")
        scene.list(scene.row("second", 38), scene.row("first", 20), at: 41)
        #expect(scene.read("second", seed: .integer(1), at: 42).duplicates == ["second"])
    }

    @Test func `a replaced submission is watched for a quarter of an hour after its job has ended`() throws {
        var scene = try absent()
        scene.list(at: 36)
        try scene.submit(1, 2, at: 37)
        scene.accept(1, 2, as: "new", at: 38)
        #expect(scene.list(scene.row("new", 38), at: 1000).allSatisfy { $0.isNoDecision })
        scene.machine.moved(JobID(1), to: .done)
        #expect(scene.machine.nextList(at: scene.at(1000.2)) == .seconds(60))
        #expect(scene.list(scene.row("new", 38), at: 1001) == [.close([Scene.id(1)])])
        #expect(scene.machine.nextList(at: scene.at(1002)) == nil)
    }

    @Test func `a late answer of an older submission gives the job its id, and one after it is no trap`() throws {
        var scene = try absent()
        scene.list(at: 36)
        try scene.submit(1, 2, at: 37)
        try scene.lose(1, 2, at: 38)
        scene.accept(1, 1, as: "a", at: 39)
        scene.accept(1, 2, as: "b", at: 40)
        scene.accept(1, 2, as: "b", at: 41)
        #expect(scene.machine.nextList(at: scene.at(42)) == nil)
    }

    @Test func `cancelled while unknown it is watched, its seed stays taken, and taken back it is adopted`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        scene.machine.moved(JobID(1), to: .cancelled)
        #expect(scene.machine.taken(at: scene.at(2)).count == 1)
        scene.list(scene.row("a", 2), at: 31)
        #expect(scene.read("a", seed: .integer(1), at: 32).isNoAdoption)
        #expect(scene.list(scene.row("a", 2), at: 40).resubmitted.isEmpty)
        scene.machine.moved(JobID(1), to: .unknown)
        #expect(scene.list(scene.row("a", 2), at: 41).adopted == ["a"])
    }

    @Test func `killed every ten seconds the settle still ends, since the loss does not move`() throws {
        var scene = Scene()
        scene.list(at: -5)
        var submission = scene.submission(1, at: 0)
        submission.jobState = .unknown
        submission.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(5))
        var resubmitted = false
        for start in stride(from: 5.0, to: 65, by: 10) {
            scene.machine = Reconciler(knowledge: scene.machine.knowledge)
            scene.machine.restore([submission], candidates: [], accepted: [])
            for time in [start + 1, start + 7] {
                for step in scene.list(at: time) {
                    if case .noteEvidence(_, let moment) = step { submission.firstCounted = moment }
                    if case .resubmit = step { resubmitted = true }
                }
            }
        }
        #expect(resubmitted)
    }

    @Test func `over a restart of the machine the time of the loss holds on the API's clock`() throws {
        var scene = Scene()
        var submission = scene.submission(1, at: 0)
        submission.jobState = .unknown
        submission.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(1))
        scene.bootID = "another"
        scene.bootZero = -3500
        scene.machine.restore([submission], candidates: [], accepted: [])
        scene.list(at: 3600)
        #expect(scene.list(at: 3605).resubmitted == [Scene.id(1)])
    }

    @Test func `a slot is given back after three times the longest duration, ten minutes at least`() throws {
        var scene = try absent()
        #expect(scene.machine.slotEnds(Scene.id(1), jobTimeout: .seconds(7200), at: scene.at(100)) == .seconds(500))
        #expect(scene.machine.slotEnds(Scene.id(1), jobTimeout: .seconds(60), at: scene.at(100)) == .seconds(-40))
        let request = ImageRequest(prompt: "p", parameters: .init(model: "m"), seed: 7)
        scene.machine.learned(
            from: RemoteJob(id: "b", status: .completed(nil), seed: .integer(7)), of: request, took: .seconds(300))
        #expect(scene.machine.slotEnds(Scene.id(1), jobTimeout: .seconds(7200), at: scene.at(100)) == .seconds(800))
    }

    @Test func `quiet counts from the end of the settle, while lists fail`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        #expect(scene.machine.quiet(at: scene.at(30)) == nil)
        #expect(scene.machine.quiet(at: scene.at(32)) == nil, "a list is due")
        _ = scene.machine.listFailed("503", at: scene.at(32))
        #expect(scene.machine.quiet(at: scene.at(91)) == .seconds(60))
    }

    @Test func `lists are asked for after 1, 2, 4 and 8 seconds, when the settle ends, and 5 seconds after`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        #expect(scene.machine.nextList(at: scene.at(0.5)) == nil)
        try scene.lose(1, at: 1)
        var times: [Double] = []
        var time = 1.0
        while time < 60, times.count < 20 {
            guard let wait = scene.machine.nextList(at: scene.at(time)) else { break }
            time += max(wait.inSeconds, 0)
            times.append((time - 1).rounded())
            scene.list(at: time)
            time += 0.2
        }
        #expect(times.prefix(5) == [1, 2, 5, 11, 22])
        #expect(times.contains(30) && times.contains(35))
    }

    @Test func `what must never happen is a value`() throws {
        var scene = try absent()
        #expect(throws: InvariantViolation.self) { try scene.submit(1, 1, at: 40) }
        #expect(throws: InvariantViolation.self) { try scene.submit(1, 2, at: 40) }
        #expect(throws: InvariantViolation.self) { try scene.lose(1, at: 2) }
        scene.list(at: 41)
        #expect(throws: InvariantViolation.self, "no longer fresh") { try scene.submit(1, 2, at: 52) }
        try scene.submit(1, 2, at: 51)
    }

    @Test func `a person's wish needs no evidence, and the one before is watched`() throws {
        var scene = try absent()
        scene.machine.moved(JobID(1), to: .pending)
        try scene.submit(1, 2, at: 32)
        scene.accept(1, 2, as: "new", at: 33)
        scene.list(scene.row("new", 33), scene.row("old one", 2), at: 40)
        #expect(scene.read("old one", seed: .integer(1), at: 41).duplicates == ["old one"])
    }
}
