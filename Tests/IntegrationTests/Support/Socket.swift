import Foundation

/// TCP on the loopback interface, as far as tests need it.
struct Socket: Sendable {
    let descriptor: Int32

    /// - Returns: A listening socket on a free port, with the port.
    static func listening() throws -> (Socket, port: UInt16) {
        let socket = try make()
        try socket.withAddress(port: 0) { bind(socket.descriptor, $0, $1) }
        guard listen(socket.descriptor, 128) == 0 else { throw POSIXError(.EADDRINUSE) }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket.descriptor, $0, &length) }
        }
        guard result == 0 else { throw POSIXError(.EBADF) }
        return (socket, UInt16(bigEndian: address.sin_port))
    }

    /// The body of an answer to `GET`.
    static func get(_ path: String, port: UInt16) throws -> Data {
        try ask("GET", path, port: port).body
    }

    /// One request on a connection of its own.
    static func ask(
        _ method: String, _ path: String, body: Data = Data(), port: UInt16
    ) throws -> (status: Int, body: Data) {
        let socket = try make()
        defer { socket.close() }
        try socket.withAddress(port: port) { connect(socket.descriptor, $0, $1) }
        let head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: \(body.count)"
        socket.send(Data("\(head)\r\n\r\n".utf8) + body)
        var answer = Data()
        var whole = Int.max
        while answer.count < whole, let piece = socket.receive() {
            answer += piece
            if whole == .max, let length = announcedLength(answer) { whole = length }
        }
        guard let end = answer.firstRange(of: Data("\r\n\r\n".utf8)),
            let status = Int(String(decoding: answer.dropFirst(9).prefix(3), as: UTF8.self))
        else { throw POSIXError(.EPROTO) }
        return (status, Data(answer[end.upperBound...]))
    }

    /// Of head and body, once the head is there and tells it.
    private static func announcedLength(_ answer: Data) -> Int? {
        guard let end = answer.firstRange(of: Data("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).lowercased().components(
            separatedBy: "\r\n")
        let line = lines.first { $0.hasPrefix("content-length:") }
        return line.flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) }.map { end.upperBound + $0 }
    }

    private static func make() throws -> Socket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw POSIXError(.EMFILE) }
        return Socket(descriptor: descriptor)
    }

    private func withAddress(
        port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    /// - Returns: `nil` once the socket is closed.
    func accepted() -> Socket? {
        let peer = accept(descriptor, nil, nil)
        return peer >= 0 ? Socket(descriptor: peer) : nil
    }

    /// - Returns: `nil` at the end.
    func receive() -> Data? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Data(buffer.prefix(count)) : nil
    }

    func send(_ data: Data) {
        var rest = data[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { return }
            rest = rest.dropFirst(sent)
        }
    }

    /// Wakes whoever waits on it.
    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    func close() {
        _ = Glibc.close(descriptor)
    }
}
