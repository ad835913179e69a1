package import FoundationEssentials

/// What the reply to `GET /jobs/{id}` repeats of the request, wherever it does so. The API documents the seed of the result
/// only; the rest is taken where it comes.
package struct JobEcho: Decodable, Hashable, Sendable {
    /// A seed by its spelling.
    package enum Seed: Hashable, Sendable {
        /// A whole number, also one written as text, or as a float up to 2⁵³.
        case integer(Int64)
        /// A number, also in text, that is not whole or cannot be read exactly.
        case number(Double)
        case text(String)
    }

    /// Of the result, else at the top; `nil` where there is none that is a number or a text.
    package var seed: Seed?
    /// At the top, or in `request`, `input`, `parameters` or `result`; `nil` where there is none, or where they differ.
    package var prompt: String?

    private enum CodingKeys: String, CodingKey { case seed, prompt, request, input, parameters, result }

    /// - Throws: `DecodingError` when `json` is no object.
    package init(json: Data) throws {
        self = try WireJSON.decode(JobEcho.self, from: json)
        // The decoder takes `9.007199254740994e15` for a whole number, although others are as near to it.
        if case .integer(let value) = seed, value.magnitude > 1 << 53, !Self.spellsOut(value, json) {
            seed = .number(Double(value))
        }
    }

    /// Whether `json` holds the digits of `value` with no fraction or exponent behind them.
    private static func spellsOut(_ value: Int64, _ json: Data) -> Bool {
        let digits = Array(String(value).utf8)
        return json.indices.contains { start in
            guard json[start...].starts(with: digits) else { return false }
            let next = json[(start + digits.count)...].first ?? 0
            return !(0x30...0x39).contains(next) && !".eE".utf8.contains(next)
        }
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let parts = [CodingKeys.request, .input, .parameters, .result].compactMap { key in
            try? fields.nestedContainer(keyedBy: CodingKeys.self, forKey: key)
        }
        let result = try? fields.nestedContainer(keyedBy: CodingKeys.self, forKey: .result)
        seed = result.flatMap(Self.seed) ?? Self.seed(fields)
        let prompts = ([fields] + parts).compactMap { try? $0.decode(String.self, forKey: .prompt) }
        let distinct = Set(prompts.lazy.filter { !$0.isEmpty }.map { Array($0.utf8) })
        // Of two that differ, one is not the request's: better none than the wrong one.
        prompt = distinct.count == 1 ? prompts.first { !$0.isEmpty } : nil
    }

    private static func seed(_ fields: KeyedDecodingContainer<CodingKeys>) -> Seed? {
        if let value = try? fields.decode(Int64.self, forKey: .seed) { return .integer(value) }
        if let value = try? fields.decode(Double.self, forKey: .seed) { return seed(value) }
        guard let text = try? fields.decode(String.self, forKey: .seed), !text.isEmpty else { return nil }
        if let value = Int64(text) { return .integer(value) }
        // `Double` reads `0x2A`, `inf` and `nan` too.
        let isDecimal = text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        guard isDecimal, let value = Double(text), value.isFinite else { return .text(text) }
        return seed(value)
    }

    /// Above 2⁵³ a float may stand for several whole numbers.
    private static func seed(_ value: Double) -> Seed {
        guard abs(value) <= 0x1p53, let whole = Int64(exactly: value) else { return .number(value) }
        return .integer(whole)
    }
}
