/// Matches names as Python's `fnmatch` does: `*` (any text, `/` too), `?` (one character), `[seq]`, `[!seq]`.
package struct Glob: Sendable {
    private enum Part: Sendable {
        case text(Unicode.Scalar)
        case one
        case any
        case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    }

    private let parts: [Part]

    package init(_ pattern: String) {
        let scalars = Array(pattern.unicodeScalars)
        var parts: [Part] = []
        var position = 0
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            switch scalar {
            case "*":
                if case .any = parts.last { continue }
                parts.append(.any)
            case "?": parts.append(.one)
            case "[":
                // A bracket directly after the opening belongs to the set.
                var start = position
                if start < scalars.count, scalars[start] == "!" { start += 1 }
                let search = min(start + 1, scalars.count)
                guard let end = scalars[search...].firstIndex(of: "]") else {
                    parts.append(.text("["))
                    continue
                }
                parts.append(.set(Self.ranges(scalars[start..<end]), isNegated: start > position))
                position = end + 1
            case _: parts.append(.text(scalar))
            }
        }
        self.parts = parts
    }

    private static func ranges(_ scalars: ArraySlice<Unicode.Scalar>) -> [ClosedRange<Unicode.Scalar>] {
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var rest = scalars
        while let first = rest.popFirst() {
            guard rest.count >= 2, rest.first == "-" else {
                ranges.append(first...first)
                continue
            }
            rest.removeFirst()
            let last = rest.removeFirst()
            if first <= last { ranges.append(first...last) }
        }
        return ranges
    }

    /// Whether the whole name matches; the time is at most proportional to the product of the lengths.
    package func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        var (part, position) = (0, 0)
        var retry: (part: Int, position: Int)?
        while position < scalars.count {
            if part < parts.count {
                if case .any = parts[part] {
                    retry = (part, position)
                    part += 1
                    continue
                }
                if matches(parts[part], scalars[position]) {
                    part += 1
                    position += 1
                    continue
                }
            }
            guard let last = retry else { return false }
            retry = (last.part, last.position + 1)
            (part, position) = (last.part + 1, last.position + 1)
        }
        return parts[part...].allSatisfy { if case .any = $0 { true } else { false } }
    }

    private func matches(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .text(let wanted): wanted == scalar
        case .one: true
        case .any: false
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
        }
    }
}
