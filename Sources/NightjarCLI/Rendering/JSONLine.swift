package import NightjarCore

/// A JSON object on one line, its fields in the order in which they are added.
///
/// Control characters, those of C1 and of the bidirectional algorithm among them, are written as escapes, so that a
/// terminal shows a line and does not obey it.
package struct JSONLine: Sendable {
    private var fields = ""

    package init() {}

    /// The object, without a line end.
    package var text: String { "{\(fields)}" }

    package mutating func add(_ name: String, _ value: String?) {
        add(name, literal: value.map(Self.quoted))
    }

    package mutating func add(_ name: String, _ value: (some BinaryInteger)?) {
        add(name, literal: value.map { String($0) })
    }

    package mutating func add(_ name: String, _ value: Bool) {
        add(name, literal: value ? "true" : "false")
    }

    /// A number; `null` where it is not finite.
    package mutating func add(_ name: String, _ value: Double?) {
        add(name, literal: value.flatMap { $0.isFinite ? "\($0)" : nil })
    }

    /// An amount as a number, exact to its last decimal.
    package mutating func add(_ name: String, _ value: Money) {
        add(name, literal: value.description)
    }

    package mutating func add(_ name: String, _ value: WallTime?) {
        add(name, value?.rfc3339)
    }

    package mutating func add(_ name: String, _ value: JSONLine?) {
        add(name, literal: value?.text)
    }

    package mutating func add(_ name: String, _ values: [JSONLine]) {
        add(name, literal: "[\(values.map(\.text).joined(separator: ","))]")
    }

    private mutating func add(_ name: String, literal: String?) {
        fields += "\(fields.isEmpty ? "" : ",")\(Self.quoted(name)):\(literal ?? "null")"
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                if scalar.visible == scalar {
                    quoted.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            }
        }
        return quoted + "\""
    }
}
