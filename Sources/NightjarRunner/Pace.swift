/// Images finished a second, over the last half minute.
struct Pace: Sendable {
    private static let span: Duration = .seconds(30)
    /// Finished in each second since `origin`, the last 30 of them.
    private var seconds: [(second: Int64, count: Int)] = []
    private var began: Duration?

    mutating func add(at now: Duration) {
        began = began ?? now
        let second = now.components.seconds
        if seconds.last?.second == second {
            seconds[seconds.count - 1].count += 1
        } else {
            seconds.append((second, 1))
            let oldest = second - Self.span.components.seconds
            seconds.removeAll { $0.second <= oldest }
        }
    }

    /// - Returns: `nil` before the first image, and when none has come for the whole span.
    func throughput(at now: Duration) -> Double? {
        guard let began else { return nil }
        let oldest = now.components.seconds - Self.span.components.seconds
        let count = seconds.reduce(0) { $0 + ($1.second > oldest ? $1.count : 0) }
        guard count > 0 else { return nil }
        let span = min(max(now - began, .seconds(1)), Self.span)
        return Double(count) / (Double(span.components.seconds) + Double(span.components.attoseconds) * 1e-18)
    }
}
