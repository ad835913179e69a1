/// A seed as a reply spells it.
package enum EchoedSeed: Hashable, Sendable, Codable {
    /// A whole number, also one that was written as text (`"42"`) or as a float (`42.0`, up to 2⁵³).
    case integer(Int64)
    /// A number that is not whole, or too large to be read exactly.
    case number(Double)
    case text(String)
}
