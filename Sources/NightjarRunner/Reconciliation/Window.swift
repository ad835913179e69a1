internal import NightjarCore

/// When a job must have been made to be a submission's, with the margin of rule 8; both ends belong to it.
struct Window: Equatable, Sendable {
    /// Milliseconds on the API's clock; `Int64.min` where the time of the intent is not known.
    var start: Int64
    /// `Int64.max` while the submission is out, and where the time of the loss is not known.
    var end: Int64

    func contains(_ time: WallTime?) -> Bool {
        guard let time else { return true }
        return start <= time.milliseconds && time.milliseconds <= end
    }

    func isBefore(_ time: WallTime?) -> Bool {
        time.map { end < $0.milliseconds } ?? false
    }
}

/// Windows joined: whether a moment lies in any of them.
struct WindowUnion: Sendable {
    /// Sorted, apart from each other.
    private var parts: [Window] = []

    init(_ windows: [Window]) {
        for window in windows.sorted(by: { $0.start < $1.start }) {
            if let last = parts.last, window.start <= last.end {
                parts[parts.count - 1].end = max(last.end, window.end)
            } else {
                parts.append(window)
            }
        }
    }

    var isEmpty: Bool { parts.isEmpty }
    /// Whether the moment is later than the end of some window.
    func isBefore(_ time: WallTime?) -> Bool {
        guard let time, let first = parts.first else { return false }
        return first.start < time.milliseconds
    }

    func contains(_ time: WallTime?) -> Bool {
        guard let time else { return !isEmpty }
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].end < time.milliseconds { low = middle + 1 } else { high = middle }
        }
        return low < parts.count && parts[low].contains(time)
    }
}
