internal import Glibc

/// The datagram socket of systemd, or of a container's manager, that takes what a service says about itself.
final class NotifySocket: Sendable {
    private let descriptor: Int32
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Parameter name: Of `NOTIFY_SOCKET`: an absolute path, or `@` and the rest of an abstract name.
    /// - Returns: `nil` where this is neither, or too long, or where no socket is to be had.
    init?(_ name: String) {
        var bytes = Array(name.utf8)
        var address = sockaddr_un()
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count > 1,
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.address = address
        // The name ends where the length does: an abstract one would have the zeros after it as a part.
        length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    }

    deinit {
        close(descriptor)
    }

    /// Sends it if that takes no waiting. Errors are nobody's: a service runs as well unheard.
    func send(_ text: String) {
        var address = address
        var text = text
        text.withUTF8 { bytes in
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    _ = sendto(
                        descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL),
                        address, length)
                }
            }
        }
    }
}
