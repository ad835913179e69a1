import NightjarCore
import Testing

@testable import NightjarRunner

/// Section 8: what people are told, and that nothing is submitted meanwhile.
struct HoldTests {
    private func scene() throws -> Scene {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        return scene
    }

    @Test func `settling`() throws {
        let scene = try scene()
        // 2027-01-15 08:00:00 is the beginning.
        #expect(scene.hold(1, at: 13) == Hold(.settling, "answer lost 12 s ago; asking again from 08:00:31 on"))
    }

    @Test func `candidates that run are counted`() throws {
        var scene = try scene()
        scene.list(scene.row("b", 3, .processing), scene.row("a", 2, .queued), at: 31)
        #expect(
            scene.hold(1, at: 32)
                == Hold(.candidateRunning, "2 jobs at the API could be it; waiting for them to end"))
    }

    @Test func `a list that is too short`() throws {
        var scene = try scene()
        scene.list(scene.row("a", 95, .failed("")), scene.row("b", 93, .failed("")), at: 100, hasOld: false)
        #expect(
            scene.hold(1, at: 101)
                == Hold(
                    .listTooShort,
                    "the list reaches back to 08:01:33 only; the request left at 08:00:00, and the margin is 1 min"))
    }

    @Test(arguments: [
        "the API's list is empty", "the API's list is in no order", "the API's list misses our own `b`",
        "the API's list shows none of the jobs known before", "the API's list fails (503)",
    ])
    func `a list that proves nothing`(words: String) throws {
        var scene = try scene()
        switch words.dropFirst(15).first {
        case "i" where words.contains("empty"): scene.list(at: 31, hasOld: false)
        case "i": scene.list(scene.row("x", 92), scene.row("y", -2000), at: 100)
        case "m":
            try scene.submit(2, seed: 2, at: 5)
            scene.accept(2, as: "b", at: 6)
            scene.list(at: 31)
        case "s": scene.list(scene.row("x", -900), at: 31, hasOld: false, hasMore: false)
        default: _ = scene.machine.listFailed("503", at: scene.at(31))
        }
        let hold = scene.hold(1, at: 40)
        #expect(hold?.reason == .listUnproven)
        #expect(hold?.words.hasPrefix(words) == true, "\(hold?.words ?? "")")
        #expect(scene.list(at: 41).resubmitted.isEmpty)
    }

    @Test func `no seed`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, seed: nil, at: 0)
        try scene.lose(1, at: 1)
        scene.list(scene.row("a", 2), at: 31)
        scene.read("a", seed: .integer(5), at: 32)
        for time in stride(from: 36.0, to: 400, by: 6) {
            #expect(scene.list(scene.row("a", 2), at: time).allSatisfy { $0.isNoDecision })
        }
        let hold = scene.hold(1, at: 400)
        #expect(hold?.reason == .noSeed)
        #expect(hold?.words == "`seed: server` leaves nothing to recognise it by; `a` may be it")
    }

    @Test(arguments: [(Loss.Kind.keyKnown, Hold.Reason.keyKnown), (.sharedID, .sharedID)])
    func `what the API says it has is never submitted again`(kind: Loss.Kind, reason: Hold.Reason) throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, by: kind, at: 1)
        for time in stride(from: 31.0, to: 400, by: 6) { #expect(scene.list(at: time).resubmitted.isEmpty) }
        #expect(scene.hold(1, at: 400)?.reason == reason)
        #expect(scene.machine.quiet(at: scene.at(400)) != nil)
        // Its seed still tells.
        scene.list(scene.row("a", 2), at: 401)
        #expect(scene.read("a", seed: .integer(1), at: 402).adopted == ["a"])
    }

    @Test func `one list shown absent, then waiting for another job of the model`() throws {
        var scene = try scene()
        try scene.submit(2, seed: 2, at: 0)
        try scene.lose(2, at: 1)
        scene.list(at: 31)
        #expect(scene.hold(1, at: 32)?.reason == .confirming)
        #expect(scene.list(at: 36).resubmitted == [Scene.id(1)])
        try scene.submit(1, 2, at: 36.5)
        #expect(scene.hold(2, at: 37)?.reason == .waitsForItsTurn)
    }
}
