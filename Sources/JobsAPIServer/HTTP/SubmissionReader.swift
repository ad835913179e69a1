import FoundationEssentials
import JobsAPI

/// Reads the body of a submission, and says everything that is wrong with it at once.
struct SubmissionReader {
    private let fields: [String: JSONValue]
    private var problems: [String] = []

    private static let mostPromptCharacters = 10_000
    private static let mostNameCharacters = 200

    /// - Throws: A 400 `Problem`.
    static func read(_ body: [UInt8]) throws(Problem) -> SubmitRequest {
        guard !body.isEmpty else { throw .invalid("the body is empty: send a JSON object", code: "invalid_json") }
        let value: JSONValue
        do {
            value = try WireJSON.decode(JSONValue.self, from: Data(body))
        } catch {
            throw .invalid("the body is not valid JSON", code: "invalid_json")
        }
        guard case .object(let fields) = value else {
            throw .invalid("the body must be a JSON object, got \(value.described)", code: "invalid_json")
        }
        var reader = SubmissionReader(fields: fields)
        let request = reader.request()
        guard reader.problems.isEmpty else { throw .invalid(reader.problems.joined(separator: "; ")) }
        return request
    }

    private init(fields: [String: JSONValue]) {
        self.fields = fields
    }

    private mutating func request() -> SubmitRequest {
        let model = text("model", required: true, longest: Self.mostNameCharacters) ?? ""
        let prompt = text("prompt", required: true, longest: Self.mostPromptCharacters) ?? ""
        return SubmitRequest(
            model: model, prompt: prompt,
            negativePrompt: text("negative_prompt", required: false, longest: Self.mostPromptCharacters),
            width: integer("width", 64...4096).map { Int($0) }, height: integer("height", 64...4096).map { Int($0) },
            steps: integer("steps", 1...150).map { Int($0) }, cfgScale: number("cfg_scale", 0...50),
            sampler: text("sampler", required: false, longest: Self.mostNameCharacters),
            seed: integer("seed", 0...Int64.max))
    }

    private mutating func text(_ name: String, required: Bool, longest: Int) -> String? {
        switch fields[name] ?? .null {
        case .null:
            if required { problems.append("`\(name)` is missing") }
            return nil
        case .string(let text):
            if required, text.allSatisfy(\.isWhitespace) { problems.append("`\(name)` must not be empty") }
            let length = text.unicodeScalars.count
            if length > longest {
                problems.append("`\(name)` must have at most \(longest) characters, got \(length)")
            }
            return text
        case let other:
            problems.append("`\(name)` must be a string, got \(other.described)")
            return nil
        }
    }

    private mutating func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        switch fields[name] ?? .null {
        case .null: return nil
        case .integer(let value) where range.contains(value): return value
        case let other:
            problems.append(
                "`\(name)` must be a whole number of \(range.lowerBound) to \(range.upperBound), got \(other.described)"
            )
            return nil
        }
    }

    private mutating func number(_ name: String, _ range: ClosedRange<Double>) -> Double? {
        switch fields[name] ?? .null {
        case .null: return nil
        case .integer(let value) where range.contains(Double(value)): return Double(value)
        case .number(let value) where range.contains(value): return value
        case let other:
            problems.append(
                "`\(name)` must be a number of \(Int(range.lowerBound)) to \(Int(range.upperBound)), got \(other.described)"
            )
            return nil
        }
    }
}
