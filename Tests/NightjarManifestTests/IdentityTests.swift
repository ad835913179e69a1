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
        #expect(identity(.derived).key(ordinal: 0).description == "741c8956496832e0d1f198e3e685bd57")
        #expect(identity(.derived).key(ordinal: 1).description == "fb217e7741b30711e0f5b0d84c64ffa0")
        #expect(identity(.manifest(42)).key(ordinal: 0).description == "6a775dc44ed5c8c887c31e91e6d31000")
        #expect(identity(.server).key(ordinal: 0).description == "02d70f693962e8e53c235a793783a40a")
        #expect(identity(.derived, full: true).key(ordinal: 0).description == "bca2cfbb90117a9c2806d0031ff10179")
    }

    @Test func `keys of ids never change`() {
        #expect(JobIdentity(label: "hero").key(ordinal: 0).description == "ca87a64d5953f317e04b7b663874897a")
        #expect(JobIdentity(label: "hero").key(ordinal: 3).description == "9849a161c0b202eeb966ed8c0f36d4f9")
        #expect(JobIdentity(label: "hero", seed: 7).key(ordinal: 0).description == "736c6b4d178cf4e33abbbd6d3a28e9e0")
        let axes = [(name: "style", value: "ink"), (name: "hue", value: "red")]
        #expect(
            JobIdentity(label: "hero", axes: axes).key(ordinal: 0).description == "d1998ecb03e530c3ac4e120521117f70")
        #expect(JobIdentity(label: "hero", axes: axes.reversed()) == JobIdentity(label: "hero", axes: axes))
    }

    @Test func `derived seeds never change`() {
        let key = identity(.derived).key(ordinal: 0)
        #expect(
            (0..<6).map { key.derivedSeed(draw: $0) } == [
                974_013_611, 1_231_565_536, 1_761_135_729, 1_720_040_791, 1_612_329_449, 1_327_767_890,
            ])
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
            found.map { $0.identity.key(ordinal: $0.firstOrdinal).description } == [
                "ca0af391fe27e2795038a3eefa756465", "1a72986a91403095542478a7d12bf97b",
                "ca87a64d5953f317e04b7b663874897a", "d28e28d951d9e1d1beb4cb621fd2625a",
                "7912d401b55f5f19bb86d0549d09a618",
            ])
    }
}
