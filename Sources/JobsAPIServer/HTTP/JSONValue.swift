/// JSON of any shape, so that a wrong type can be told from a missing field.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// Any number without a fraction that fits, however it is written.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    /// Of two fields with one name the last counts.
    case object([String: JSONValue])

    /// As a message names it; long texts are cut.
    var described: String {
        switch self {
        case .null: "null"
        case .bool(let bool): "the boolean `\(bool)`"
        case .integer(let integer): "`\(integer)`"
        case .number(let number): "`\(number)`"
        case .string(let string): "the string `\(string.prefix(40))\(string.count > 40 ? "…" : "")`"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
