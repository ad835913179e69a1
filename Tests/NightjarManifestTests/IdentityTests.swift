import NightjarCore
import NightjarManifest
import Testing

/// Values that are fixed for ever: a changed key would be a job that is paid for again.
struct IdentityTests {
    private func identity(_ seed: PlannedJob.SeedSource, full: Bool = false) -> JobIdentity {
        let parameters =
            full
            ? ImageRequest.Parameters(
                model: "tensorart-animagine-xl", negativePrompt: "blurry", width: 1024, height: 768, steps: 30,
                cfgScale: 7.5, sampler: "euler") : ImageRequest.Parameters(model: "m")
        return JobIdentity(prompt: "a fox 狐", parameters: parameters, seed: seed)
    }

    @Test func `keys of requests never change`() {
        #expect(identity(.derived).key(ordinal: 0).description == "KEY0")
        #expect(identity(.derived).key(ordinal: 1).description == "KEY1")
        #expect(identity(.manifest(42)).key(ordinal: 0).description == "KEY2")
        #expect(identity(.server).key(ordinal: 0).description == "KEY3")
        #expect(identity(.derived, full: true).key(ordinal: 0).description == "KEY4")
    }

    @Test func `keys of ids never change`() {
        #expect(JobIdentity(label: "hero").key(ordinal: 0).description == "KEY5")
        #expect(JobIdentity(label: "hero").key(ordinal: 3).description == "KEY6")
        #expect(JobIdentity(label: "hero", seed: 7).key(ordinal: 0).description == "KEY7")
        let axes = [(name: "style", value: "ink"), (name: "hue", value: "red")]
        #expect(JobIdentity(label: "hero", axes: axes).key(ordinal: 0).description == "KEY8")
        #expect(JobIdentity(label: "hero", axes: axes.reversed()) == JobIdentity(label: "hero", axes: axes))
    }

    @Test func `derived seeds never change`() {
        let key = identity(.derived).key(ordinal: 0)
        #expect((0..<6).map { key.derivedSeed(draw: $0) } == [])
        #expect((0..<1000).allSatisfy { (0...0x7FFF_FFFF).contains(key.derivedSeed(draw: $0)) })
    }

    @Test func `a manifest makes these keys`() throws {
        let found = try jobs(
            """
            version: 1
            name: golden
            defaults: {model: m, steps: 20}
            seeds: 2
            prompts: [a fox 狐, {prompt: p, id: hero}, {prompt: a hare, seed: 42, cfg_scale: 7}]
            """)
        #expect(
            found.map { $0.identity.key(ordinal: $0.firstOrdinal).description } == [])
    }
}
