/// JSON of any shape, so that a wrong type can be told from a missing field.
enum JSONValue: Equatable, Sendable, Decodable {
    case null
    case bool(Bool)
    /// Any number without a fraction that fits, however it is written.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = Int64(exactly: number).map { .integer($0) } ?? .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

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
