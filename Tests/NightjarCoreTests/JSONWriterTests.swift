import Foundation
import NightjarCore
import NightjarTestSupport
import Testing

@Suite struct JSONTextTests {
    @Test func `an object keeps the order of its members`() {
        var object = JSONWriter()
        #expect(object.text == "{}")
        object.add("text", "a \"fox\"\\\n\t\r\u{1}\u{7F}")
        object.add("none", nil as String?)
        object.add("count", 12)
        object.add("large", Int64.max)
        object.add("nothing", nil as Int?)
        object.add("whole", 7.0)
        object.add("part", 7.5)
        object.add("endless", Double.infinity)
        object.add("yes", true)
        object.add("meta", json: "{\"a\":\n[1,\r\n2]}")
        #expect(
            object.text == #"""
                {"text":"a \"fox\"\\\n\t\r\u0001\u007f","none":null,"count":12,"large":9223372036854775807,\#
                "nothing":null,"whole":7.0,"part":7.5,"endless":null,"yes":true,"meta":{"a": [1,  2]}}
                """#)
    }

    @Test func `every text comes back`() throws {
        var random = SeededGenerator()
        print(random)
        for _ in 0..<500 {
            var text = ""
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let value = UInt32.random(in: 0...0x2FFF, using: &random) % (Bool.random(using: &random) ? 128 : 0x3000)
                if let scalar = UnicodeScalar(value) { text.unicodeScalars.append(scalar) }
            }
            let decoded = try JSONDecoder().decode([String].self, from: Data("[\(JSONWriter.quoted(text))]".utf8))
            #expect(decoded.map { Array($0.utf8) } == [Array(text.utf8)], "\(random)")
        }
    }
}
