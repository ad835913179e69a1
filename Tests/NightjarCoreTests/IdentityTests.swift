import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct IdentityTests {
    @Test func `a key is 32 hexadecimal digits and comes back from its bytes`() {
        let key = JobKey(high: 0x0001_0203_0405_0607, low: 0xF8F9_FAFB_FCFD_FEFF)
        #expect(key.description == "0001020304050607f8f9fafbfcfdfeff")
        #expect(key.bytes == [0, 1, 2, 3, 4, 5, 6, 7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF])
        #expect(JobKey(bytes: key.bytes) == key)
        #expect(JobKey(bytes: key.bytes + [1, 2]) == key)
        #expect(JobKey(bytes: key.bytes.dropLast()) == nil)
    }

    @Test func `keys are ordered as their digits are`() {
        var random = SeededGenerator()
        print(random)
        let keys = (0..<200).map { _ in JobKey(high: random.next() >> 62, low: random.next()) }
        #expect(keys.sorted().map(\.description) == keys.map(\.description).sorted(), "\(random)")
    }

    @Test func `draws stay in the range of seeds and differ`() {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<200 {
            let key = JobKey(high: random.next(), low: random.next())
            let draws = (0..<50).map { key.derivedSeed(draw: $0) }
            #expect(draws.allSatisfy { (0...0x7FFF_FFFF).contains($0) }, "\(random)")
            #expect(Set(draws).count > 45, "\(random)")
            #expect(draws == (0..<50).map { key.derivedSeed(draw: $0) })
        }
    }

    @Test func `draws are what they have always been`() {
        let key = JobKey(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        #expect((0..<4).map { key.derivedSeed(draw: $0) } == [9_544_371, 162_254_319, 2_137_939_276, 1_985_229_328])
    }

    @Test func `equal requests share an identity, and each ordinal has a key of its own`() {
        let parameters = ImageRequest.Parameters(model: "m", width: 64)
        let identity = JobIdentity(prompt: "a fox", parameters: parameters, seed: .derived)
        #expect(identity == JobIdentity(prompt: "a fox", parameters: parameters, seed: .derived))
        #expect(Set((0..<100).map { identity.key(ordinal: $0) }).count == 100)
        var others = [
            JobIdentity(prompt: "a fox ", parameters: parameters, seed: .derived),
            JobIdentity(prompt: "a fox", parameters: parameters, seed: .server),
            JobIdentity(prompt: "a fox", parameters: parameters, seed: .manifest(0)),
            JobIdentity(label: "a fox"),
        ]
        var changed = parameters
        (changed.width, changed.height) = (nil, 64)
        others.append(JobIdentity(prompt: "a fox", parameters: changed, seed: .derived))
        changed = parameters
        changed.negativePrompt = ""
        others.append(JobIdentity(prompt: "a fox", parameters: changed, seed: .derived))
        #expect(Set(others + [identity]).count == others.count + 1)
    }

    @Test func `an id with its axes does not depend on their order`() {
        let one = JobIdentity(label: "hero", axes: [("style", "ink"), ("hour", "dusk")], seed: 3)
        #expect(one == JobIdentity(label: "hero", axes: [("hour", "dusk"), ("style", "ink")], seed: 3))
        #expect(one != JobIdentity(label: "hero", axes: [("hour", "ink"), ("style", "dusk")], seed: 3))
        #expect(one != JobIdentity(label: "hero", axes: [("style", "ink"), ("hour", "dusk")]))
    }
}
