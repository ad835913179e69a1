import NightjarCore
import Testing

@testable import NightjarRunner

/// Rules 2 and 9 to 15: whose a row is.
struct OwnershipTests {
    private func lost(seed: Int64 = 1, provenBits: Int = 31, sharesSeed: Bool = false) throws -> Scene {
        var scene = Scene(provenBits: provenBits)
        scene.list(at: -5)
        try scene.submit(1, seed: seed, at: 0, sharesSeed: sharesSeed)
        try scene.lose(1, at: 1)
        scene.list(scene.row("a", 2), at: 31)
        return scene
    }

    @Test func `a fingerprint stays taken until windows with their margins lie apart`() throws {
        var scene = Scene()
        let fingerprint = Fingerprint(model: "m", seed: 1)
        try scene.submit(1, at: 0)
        #expect(scene.machine.taken(at: scene.at(500)) == [fingerprint])
        try scene.lose(1, at: 501)
        #expect(scene.machine.taken(at: scene.at(652)) == [fingerprint])
        #expect(throws: InvariantViolation.self) { try scene.submit(2, at: 652) }
        #expect(scene.machine.taken(at: scene.at(653)).isEmpty)
        try scene.submit(2, at: 653)
        // Another seed never waits.
        try scene.submit(3, seed: 2, at: 653)
    }

    @Test func `a lost one is not given the row of one that is out, nor of one that is cancelled`() throws {
        var scene = Scene()
        scene.list(at: -5)
        // Found so at the start, since rule 2 lets it not happen.
        var first = scene.submission(1, at: 0)
        first.jobState = .unknown
        first.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(1))
        var second = scene.submission(2, at: 0)
        scene.machine.restore([first, second], candidates: [], accepted: [])
        scene.list(scene.row("b", 2), at: 3)
        #expect(scene.read("b", seed: .integer(1), at: 4).isNoAdoption)
        second.lost = first.lost
        try scene.machine.lost(second.id, first.lost ?? OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(1)))
        scene.machine.moved(JobID(2), to: .cancelled)
        #expect(scene.list(scene.row("b", 2), at: 31).isNoAdoption)
        #expect(scene.hold(1, at: 32)?.reason == .ambiguous)
    }

    @Test(
        arguments: [
            (EchoedSeed.integer(0x1_0000_0001), 1), (.integer(1), 0x1_0000_0001), (.integer(-0x7FFF_FFFF), 0x8000_0001),
            (.number(9_007_199_254_740_992), 9_007_199_254_740_993), (.integer(0x8000_0001), 1),
        ] as [(EchoedSeed, Int64)])
    func `a seed that was cut or rounded may be ours and is never struck off`(echo: EchoedSeed, seed: Int64) throws {
        var scene = try lost(seed: seed, provenBits: 63)
        #expect(scene.read("a", seed: echo, at: 32).isNoAdoption)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        #expect(scene.hold(1, at: 41)?.reason == .seedsNotComparable)
    }

    @Test func `an echo proven for short seeds proves nothing for a longer one`() throws {
        var scene = try lost(seed: 1 << 40, provenBits: 31)
        scene.read("a", seed: .integer(5), at: 32)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        // A job of ours with a seed as long shows it.
        let request = ImageRequest(prompt: "p", parameters: .init(model: "m"), seed: (1 << 40) + 1)
        let done = RemoteJob(
            id: "b", status: .completed(RemoteResult(url: "u")), model: "m", seed: .integer((1 << 40) + 1))
        scene.machine.learned(from: done, of: request, took: .seconds(3))
        #expect(scene.list(scene.row("a", 2), at: 41).counted == [Scene.id(1)])
    }

    @Test func `an API that changed one seed of ours strikes nothing off any more`() throws {
        var scene = try lost()
        scene.read("a", seed: .integer(2), at: 32)
        let request = ImageRequest(prompt: "p", parameters: .init(model: "m"), seed: 7)
        scene.machine.learned(
            from: RemoteJob(id: "b", status: .completed(nil), model: "m", seed: .integer(8)), of: request, took: nil)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        #expect(scene.hold(1, at: 41)?.words == "the API changes seeds: `a` may be it")
    }

    @Test func `a row struck off for one job is still a candidate of the next`() throws {
        var scene = try lost()
        scene.read("a", seed: .integer(2), at: 32)
        #expect(scene.list(scene.row("a", 2), at: 33).counted == [Scene.id(1)])
        // Its owner, found at a restart.
        var second = scene.submission(2, seed: 2, at: 1)
        second.jobState = .unknown
        second.lost = OpenSubmission.Lost(Loss(.closed, ""), at: scene.at(2))
        scene.machine.restore([second], candidates: [], accepted: [])
        #expect(scene.list(scene.row("a", 2), at: 34).adopted == ["a"])
    }

    @Test func `another model is a stranger's only where ours are listed under their own name`() throws {
        var scene = Scene(provenBits: 0)
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        scene.list(scene.row("a", 2, .processing, model: "other"), at: 10)
        #expect(scene.list(scene.row("a", 2, .processing, model: "other"), at: 31).counted.isEmpty)
        try scene.submit(2, seed: 2, at: 32)
        scene.accept(2, as: "ours", at: 33)
        scene.list(scene.row("ours", 33), scene.row("a", 2, .processing, model: "other"), at: 40)
        #expect(scene.machine.knowledge.models["m"]?.isListedByName == true)
        #expect(
            scene.list(scene.row("ours", 33), scene.row("a", 2, .processing, model: "other"), at: 45)
                .resubmitted == [Scene.id(1)])
        // Once listed under another name, no longer.
        scene.list(scene.row("ours", 33, model: "m-v2"), at: 46)
        #expect(scene.machine.knowledge.models["m"]?.isListedByName == false)
    }

    @Test func `an echoed prompt decides, with the seed or without`() throws {
        var scene = try lost(provenBits: 0)
        #expect(scene.read("a", seed: nil, prompt: "prompt 1", at: 32).adopted == ["a"])
    }

    @Test func `another prompt strikes off only where prompts were seen to come back unchanged`() throws {
        var scene = try lost(provenBits: 0)
        scene.read("a", seed: nil, prompt: "prompt 1, best quality", at: 32)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        let request = ImageRequest(prompt: "p", parameters: .init(model: "m"), seed: 7)
        scene.machine.learned(
            from: RemoteJob(id: "b", status: .completed(nil), model: "m", seed: .integer(7), prompt: "p"), of: request,
            took: nil)
        #expect(scene.list(scene.row("a", 2), at: 41).counted == [Scene.id(1)])
    }

    @Test func `a seed that other shards share adopts nothing without the prompt`() throws {
        var scene = try lost(sharesSeed: true)
        #expect(scene.read("a", seed: .integer(1), at: 32).isNoAdoption)
        #expect(scene.list(scene.row("a", 2), at: 40).counted.isEmpty)
        #expect(scene.hold(1, at: 41)?.words == "`a` has its seed, which other shards share")
        var second = try lost(sharesSeed: true)
        #expect(second.read("a", seed: .integer(1), prompt: "prompt 1", at: 32).adopted == ["a"])
    }

    @Test func `404 on a candidate closes nothing, and it blocks while it is listed`() throws {
        var scene = try lost()
        #expect(scene.machine.read(candidate: "a", nil, at: scene.at(32)).isEmpty)
        #expect(scene.list(scene.row("a", 2), at: 36).counted.isEmpty)
        #expect(scene.list(at: 40).counted == [Scene.id(1)])
    }

    @Test func `a failed row in the window uses a try, one before or after it does not`() throws {
        var scene = Scene()
        scene.list(at: -5)
        try scene.submit(1, at: 0)
        try scene.lose(1, at: 1)
        let rows = [scene.row("after", 92, .failed("")), scene.row("before", -61, .failed(""))]
        scene.list(rows[0], rows[1], at: 100)
        #expect(!scene.list(rows[0], rows[1], at: 105).usesTry)
        #expect(scene.list(rows[0], scene.row("in", 2, .failed("")), rows[1], at: 106).usesTry)
    }
}

extension [Step] {
    var isNoAdoption: Bool { adopted.isEmpty && duplicates.isEmpty }
}
