/// A whole number of at least 0 and any length: combinations soon outgrow 64 bits.
package struct BigNatural: Hashable, Sendable {
    /// The lowest 64 bits.
    private var low: UInt64
    /// The limbs above, least significant first; the last is never 0.
    private var high: [UInt64]

    package static let zero = BigNatural(UInt64(0))
    package static let one = BigNatural(UInt64(1))

    package init(_ value: UInt64) {
        low = value
        high = []
    }

    /// - Parameter value: At least 0.
    package init(_ value: Int) { self.init(UInt64(value)) }

    /// The whole part.
    /// - Returns: `nil` for a negative number, an infinity or NaN.
    package init?(_ value: Double) {
        guard value.isFinite, value >= 0 else { return nil }
        guard value >= 0x1p63 else {
            self.init(UInt64(value))
            return
        }
        let shift = Int(value.exponent) - 52
        self = BigNatural(value.significandBitPattern | 1 << 52) << shift
    }

    init(limbs: [UInt64]) {
        var limbs = limbs[...]
        while limbs.last == 0 { limbs.removeLast() }
        low = limbs.first ?? 0
        high = Array(limbs.dropFirst())
    }

    /// 64 bits each, least significant first; none for 0.
    package var limbs: [UInt64] { high.isEmpty ? (low == 0 ? [] : [low]) : [low] + high }
    func isLonger(than limbs: Int) -> Bool { high.count >= limbs }
    package var isZero: Bool { low == 0 && high.isEmpty }
    /// The number itself; `nil` when it does not fit.
    package var exactUInt64: UInt64? { high.isEmpty ? low : nil }
    package var exactUInt128: UInt128? {
        high.count <= 1 ? UInt128(high.first ?? 0) << 64 | UInt128(low) : nil
    }
    package var exactInt: Int? { exactUInt64.flatMap { Int(exactly: $0) } }

    /// The nearest `Double`, or one beside it; infinite when there is none.
    package var approximated: Double {
        limbs.reversed().reduce(0) { $0 * 0x1p64 + Double($1) }
    }
}

extension BigNatural: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: UInt64) { self.init(value) }
}

extension BigNatural: Comparable {
    package static func < (left: BigNatural, right: BigNatural) -> Bool {
        if left.high.count != right.high.count { return left.high.count < right.high.count }
        for position in left.high.indices.reversed() where left.high[position] != right.high[position] {
            return left.high[position] < right.high[position]
        }
        return left.low < right.low
    }
}

extension BigNatural {
    package static func + (left: BigNatural, right: BigNatural) -> BigNatural {
        if left.high.isEmpty, right.high.isEmpty {
            let (sum, overflow) = left.low.addingReportingOverflow(right.low)
            return overflow ? BigNatural(limbs: [sum, 1]) : BigNatural(sum)
        }
        let (short, long) = left.high.count < right.high.count ? (left.limbs, right.limbs) : (right.limbs, left.limbs)
        var result: [UInt64] = []
        result.reserveCapacity(long.count + 1)
        var carry: UInt64 = 0
        for position in long.indices {
            let (first, overflow) = long[position].addingReportingOverflow(carry)
            let (sum, another) = first.addingReportingOverflow(position < short.count ? short[position] : 0)
            carry = (overflow ? 1 : 0) + (another ? 1 : 0)
            result.append(sum)
        }
        if carry > 0 { result.append(carry) }
        return BigNatural(limbs: result)
    }

    /// - Precondition: `right` is not greater than `left`.
    package static func - (left: BigNatural, right: BigNatural) -> BigNatural {
        precondition(right <= left, "a natural number cannot be negative")
        if left.high.isEmpty { return BigNatural(left.low - right.low) }
        let (long, short) = (left.limbs, right.limbs)
        var result: [UInt64] = []
        result.reserveCapacity(long.count)
        var borrow: UInt64 = 0
        for position in long.indices {
            let (first, underflow) = long[position].subtractingReportingOverflow(borrow)
            let (rest, another) = first.subtractingReportingOverflow(position < short.count ? short[position] : 0)
            borrow = (underflow ? 1 : 0) + (another ? 1 : 0)
            result.append(rest)
        }
        return BigNatural(limbs: result)
    }

    package static func * (left: BigNatural, right: BigNatural) -> BigNatural {
        if left.high.isEmpty, right.high.isEmpty {
            let (high, low) = left.low.multipliedFullWidth(by: right.low)
            return high == 0 ? BigNatural(low) : BigNatural(limbs: [low, high])
        }
        // The longer one in the inner loop.
        let isOrdered = left.high.count <= right.high.count
        let (first, second) = isOrdered ? (left.limbs, right.limbs) : (right.limbs, left.limbs)
        var result = [UInt64](repeating: 0, count: first.count + second.count)
        for (place, digit) in first.enumerated() {
            var carry: UInt64 = 0
            for (offset, other) in second.enumerated() {
                // At most (2^64-1)^2 + 2 (2^64-1) = 2^128 - 1.
                var (high, low) = digit.multipliedFullWidth(by: other)
                var overflow: Bool
                (low, overflow) = low.addingReportingOverflow(carry)
                high += overflow ? 1 : 0
                (low, overflow) = low.addingReportingOverflow(result[place + offset])
                high += overflow ? 1 : 0
                result[place + offset] = low
                carry = high
            }
            result[place + second.count] = carry
        }
        return BigNatural(limbs: result)
    }

    package static func += (left: inout BigNatural, right: BigNatural) { left = left + right }
    package static func -= (left: inout BigNatural, right: BigNatural) { left = left - right }
    package static func *= (left: inout BigNatural, right: BigNatural) { left = left * right }

    static func << (value: BigNatural, shift: Int) -> BigNatural {
        let (whole, bits) = (shift / 64, shift % 64)
        var result = [UInt64](repeating: 0, count: whole)
        var carry: UInt64 = 0
        for limb in value.limbs {
            result.append(limb << bits | carry)
            carry = bits == 0 ? 0 : limb >> (64 - bits)
        }
        return BigNatural(limbs: result + [carry])
    }

    static func >> (value: BigNatural, shift: Int) -> BigNatural {
        let (whole, bits) = (shift / 64, shift % 64)
        let limbs = Array(value.limbs.dropFirst(whole))
        return BigNatural(
            limbs: limbs.indices.map { position in
                let above = position + 1 < limbs.count && bits > 0 ? limbs[position + 1] << (64 - bits) : 0
                return limbs[position] >> bits | above
            })
    }

    /// Long division.
    /// - Precondition: `divisor` is not 0.
    package func quotientAndRemainder(dividingBy divisor: BigNatural) -> (quotient: BigNatural, remainder: BigNatural) {
        precondition(!divisor.isZero, "division by zero")
        if high.isEmpty, divisor.high.isEmpty {
            return (BigNatural(low / divisor.low), BigNatural(low % divisor.low))
        }
        if self < divisor { return (.zero, self) }
        guard !divisor.high.isEmpty else {
            var quotient = limbs
            var rest: UInt64 = 0
            for position in quotient.indices.reversed() {
                (quotient[position], rest) = divisor.low.dividingFullWidth((rest, quotient[position]))
            }
            return (BigNatural(limbs: quotient), BigNatural(rest))
        }
        return dividedLong(by: divisor)
    }

    /// Algorithm D of D. Knuth, "The Art of Computer Programming", volume 2, section 4.3.1, with digits of 64 bits.
    private func dividedLong(by divisor: BigNatural) -> (quotient: BigNatural, remainder: BigNatural) {
        let shift = divisor.limbs[divisor.limbs.count - 1].leadingZeroBitCount
        let v = (divisor << shift).limbs
        var u = (self << shift).limbs
        let n = v.count
        while u.count <= limbs.count { u.append(0) }
        var quotient = [UInt64](repeating: 0, count: u.count - n)
        for j in quotient.indices.reversed() {
            var guess: UInt64 = .max
            var rest: UInt64 = 0
            var restFits = true
            if u[j + n] < v[n - 1] {
                (guess, rest) = v[n - 1].dividingFullWidth((u[j + n], u[j + n - 1]))
            } else {
                let (sum, overflow) = u[j + n - 1].addingReportingOverflow(v[n - 1])
                (rest, restFits) = (sum, !overflow)
            }
            while restFits {
                let product = guess.multipliedFullWidth(by: v[n - 2])
                guard product.high > rest || (product.high == rest && product.low > u[j + n - 2]) else { break }
                guess -= 1
                let (sum, overflow) = rest.addingReportingOverflow(v[n - 1])
                (rest, restFits) = (sum, !overflow)
            }
            if subtract(v, times: guess, from: &u, at: j) {
                guess -= 1
                add(v, to: &u, at: j)
            }
            quotient[j] = guess
        }
        return (BigNatural(limbs: quotient), BigNatural(limbs: Array(u.prefix(n))) >> shift)
    }

    /// - Returns: Whether the result is negative (and wrapped round).
    private func subtract(_ v: [UInt64], times factor: UInt64, from u: inout [UInt64], at j: Int) -> Bool {
        var (carry, borrow): (UInt64, UInt64) = (0, 0)
        for position in 0...v.count {
            let product = position < v.count ? factor.multipliedFullWidth(by: v[position]) : (high: 0, low: 0)
            let (low, overflow) = product.low.addingReportingOverflow(carry)
            carry = product.high + (overflow ? 1 : 0)
            let (first, underflow) = u[j + position].subtractingReportingOverflow(low)
            let (rest, another) = first.subtractingReportingOverflow(borrow)
            borrow = (underflow ? 1 : 0) + (another ? 1 : 0)
            u[j + position] = rest
        }
        return borrow > 0
    }

    private func add(_ v: [UInt64], to u: inout [UInt64], at j: Int) {
        var carry: UInt64 = 0
        for position in 0...v.count {
            let (first, overflow) = u[j + position].addingReportingOverflow(carry)
            let (sum, another) = first.addingReportingOverflow(position < v.count ? v[position] : 0)
            carry = (overflow ? 1 : 0) + (another ? 1 : 0)
            u[j + position] = sum
        }
    }
}

extension BigNatural: CustomStringConvertible {
    /// In decimal.
    package var description: String {
        var groups: [UInt64] = []
        var rest = self
        let billions = BigNatural(UInt64(1_000_000_000_000_000_000))
        while !rest.high.isEmpty {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: billions)
            groups.append(remainder.low)
            rest = quotient
        }
        let padded = groups.reversed().map { group in
            let digits = String(group)
            return String(repeating: "0", count: 18 - digits.count) + digits
        }
        return String(rest.low) + padded.joined()
    }
}
