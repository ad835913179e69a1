import Glibc

/// Text to a file descriptor, as few `write(2)` as the kernel allows.
///
/// A reader that has gone away (EPIPE), a full disk or a closed descriptor end nothing but the writing: what is shown
/// of a run must not decide about the run.
package struct DescriptorWriter: Sendable {
    private let descriptor: Int32
    /// What ended the writing; `nil` while it goes on.
    package private(set) var failure: Int32?
    package var isClosed: Bool { failure != nil }

    package init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    package mutating func write(_ text: String) {
        guard !isClosed, !text.isEmpty else { return }
        var text = text
        failure = text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count, let start = bytes.baseAddress {
                let count = Glibc.write(descriptor, start + written, bytes.count - written)
                if count >= 0 {
                    written += count
                } else if errno == EAGAIN {
                    // Someone made the descriptor non-blocking: wait until it takes more.
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, 1000)
                } else if errno != EINTR {
                    return errno
                }
            }
            return nil
        }
    }
}
