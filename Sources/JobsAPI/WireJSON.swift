package import FoundationEssentials

/// How JSON is written on this wire: keys sorted, slashes as they are, so that equal values give equal bytes.
package enum WireJSON {
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from json: Data) throws -> Value {
        try JSONDecoder().decode(type, from: json)
    }
}

extension KeyedDecodingContainer {
    /// A whole number, written as an integer, as a float or as text; `nil` for all else.
    func lenientInteger(_ key: Key) -> Int64? {
        if let value = try? decode(Int64.self, forKey: key) { return value }
        if let value = try? decode(Double.self, forKey: key) { return Int64(exactly: value) }
        guard let text = try? decode(String.self, forKey: key) else { return nil }
        return Int64(text) ?? Double(text).flatMap { Int64(exactly: $0) }
    }

    /// Unix seconds, written as a number, as a number in text, or as RFC 3339; so large a number that it must be
    /// milliseconds is taken as such.
    func lenientSeconds(_ key: Key) -> Double? {
        if let number = try? decode(Double.self, forKey: key) { return WireTime.seconds(number) }
        guard let text = try? decode(String.self, forKey: key) else { return nil }
        return Double(text).flatMap(WireTime.seconds) ?? WireTime.seconds(rfc3339: text)
    }
}
