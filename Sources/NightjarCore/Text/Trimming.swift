extension StringProtocol {
    /// The text without blanks and line ends at either end.
    package func trimmed() -> String {
        let end = reversed().prefix { $0.isWhitespace }.count
        return String(dropLast(end).drop { $0.isWhitespace })
    }
}
