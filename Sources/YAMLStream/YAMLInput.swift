/// Where a parser's bytes come from, and the watch over them. libyaml holds an unowned reference to it.
@safe final class YAMLInput {
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    private let limits: YAMLLimits
    private var scanner: SourceScanner
    private var isAtStart = true
    /// Set once no more bytes will come; why the parser must stop.
    private(set) var failure: YAMLError?
    /// Bytes handed over since the last event.
    var bytesSinceEvent = 0

    init(limits: YAMLLimits, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.limits = limits
        unsafe self.read = unsafe read
        scanner = SourceScanner(limits: limits)
    }

    /// Fills `buffer` with the next bytes, at the start of the text without a byte order mark.
    /// - Returns: How many, 0 at the end; `nil` when `failure` says why there are no more.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int? {
        guard failure == nil else { return nil }
        guard bytesSinceEvent < limits.bytesPerEvent else {
            failure = YAMLError(
                .limit, "one value or comment goes on for more than \(limits.bytesPerEvent >> 20) MiB",
                at: scanner.mark)
            return nil
        }
        let count: Int
        do {
            count = unsafe isAtStart ? try fillFirst(buffer) : try read(buffer)
        } catch {
            failure = failure ?? YAMLError(.unreadable, "cannot be read on: \(error)", at: scanner.mark)
            return nil
        }
        if count == 0 { scanner.finish() }
        let good = unsafe scanner.scan(UnsafeRawBufferPointer(buffer)[..<count].rebased.bytes)
        bytesSinceEvent += good
        failure = scanner.problem
        // What comes before the problem is still parsed; the next call fails.
        return good == 0 && failure != nil ? nil : good
    }

    /// Where the bytes given out end.
    var mark: YAMLMark { scanner.mark }

    private func fillFirst(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        isAtStart = false
        var count = 0
        while count < 3 {
            let more = try unsafe read(UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if more == 0 { break }
            count += more
        }
        if count >= 2, unsafe (buffer[0] == 0xFF && buffer[1] == 0xFE) || (buffer[0] == 0xFE && buffer[1] == 0xFF) {
            failure = YAMLError(.encoding, "the file is UTF-16", at: scanner.mark, hint: "save it as UTF-8")
            throw UnusableText()
        }
        guard count >= 3, unsafe buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF else { return count }
        count -= 3
        unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[3..<(3 + count)]))
        // Nothing but the mark so far is not the end.
        return try count > 0 ? count : unsafe read(buffer)
    }

    private struct UnusableText: Error {}
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate var rebased: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(rebasing: self) }
}
