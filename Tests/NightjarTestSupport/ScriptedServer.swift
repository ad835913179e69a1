package import Foundation
import Glibc
import Synchronization

/// A server on a loopback port of its own that does, byte for byte, what a script says. One thread a connection.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        package var method: String
        /// As it stands in the request line.
        package var target: String
        /// Names in lower case.
        package var headers: [(name: String, value: String)]
        package var body: Data

        package func header(_ name: String) -> String? {
            headers.first { $0.name == name }?.value
        }
    }

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var open: Set<CInt> = []
        var isStopped = false
    }

    package let port: Int
    private let listener: CInt
    private let state = Mutex(State())

    /// - Parameter script: Run for each connection, which is closed when it returns.
    package init(_ script: @escaping @Sendable (Connection) -> Void) {
        (listener, port) = Self.bound()
        precondition(listen(listener, 256) == 0)
        // The listener's number is good until `deinit` has shut it down; the thread holds the server no longer.
        Thread.detachNewThread { [listener, weak self] in
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0, let number = self?.opened(socket) else {
                    close(listener)
                    return
                }
                self?.serve(socket, number, script)
            }
        }
    }

    private func serve(_ socket: CInt, _ number: Int, _ script: @escaping @Sendable (Connection) -> Void) {
        Thread.detachNewThread { [weak self] in
            script(Connection(socket: socket, number: number) { [weak self] in self?.note($0) })
            if let self { self.closed(socket) } else { close(socket) }
        }
    }

    deinit {
        state.withLock { state in
            for socket in state.open { Glibc.shutdown(socket, CInt(SHUT_RDWR)) }
        }
        Glibc.shutdown(listener, CInt(SHUT_RDWR))
    }

    /// Answers every request of every connection, which stay open.
    package convenience init(answering answer: @escaping @Sendable (Request) -> String) {
        self.init { connection in
            while let request = connection.read() { connection.send(answer(request)) }
        }
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var connections: Int { state.withLock { $0.connections } }

    private func note(_ request: Request) {
        state.withLock { $0.requests.append(request) }
    }

    private func opened(_ socket: CInt) -> Int {
        state.withLock { state in
            state.connections += 1
            state.open.insert(socket)
            return state.connections
        }
    }

    private func closed(_ socket: CInt) {
        state.withLock { state in
            state.open.remove(socket)
            close(socket)
        }
    }

    /// A socket bound to a free port of 127.0.0.1.
    private static func bound() -> (socket: CInt, port: Int) {
        let bound = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(bound, $0, length) == 0 && getsockname(bound, $0, &length) == 0)
            }
        }
        return (bound, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A port on which nobody listens: it stays taken as long as the process lives, so that no other test gets it.
    package static func closedPort() -> Int {
        bound().port
    }
}

/// What a script has in its hands.
package struct Connection: Sendable {
    package let socket: CInt
    /// From 1, in the order in which they were accepted.
    package let number: Int
    package let note: @Sendable (ScriptedServer.Request) -> Void

    /// The next whole request; `nil` when the peer has gone.
    package func read() -> ScriptedServer.Request? {
        var bytes = Data()
        let blank = Data("\r\n\r\n".utf8)
        while bytes.range(of: blank) == nil {
            guard let more = receive() else { return nil }
            bytes += more
        }
        guard let end = bytes.range(of: blank) else { return nil }
        var lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let first = lines.removeFirst().components(separatedBy: " ")
        let headers = lines.map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (
                name: line[..<colon].lowercased(),
                value: line[colon...].dropFirst().trimmingCharacters(in: .whitespaces)
            )
        }
        var request = ScriptedServer.Request(
            method: first[0], target: first[1], headers: headers, body: Data(bytes[end.upperBound...]))
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        while request.body.count < length {
            guard let more = receive() else { return nil }
            request.body += more
        }
        note(request)
        return request
    }

    private func receive() -> Data? {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? Data(buffer[..<count]) : nil
    }

    /// - Returns: `false` when the peer has gone.
    @discardableResult
    package func send(_ text: String) -> Bool {
        send(Data(text.utf8))
    }

    @discardableResult
    package func send(_ bytes: Data) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Says nothing until the peer goes.
    /// - Returns: 0 when the peer closed in order, else the `errno` that it left.
    @discardableResult
    package func waitForClose() -> CInt {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count == 0 { return 0 }
            if count < 0 { return errno }
        }
    }

    /// Passes bytes on to a port of this machine and back, until one of the two goes.
    package func splice(toPort port: Int) {
        let other = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(other) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(result == 0)
        let far = Connection(socket: other, number: number, note: note)
        var watched = [
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&watched, 2, -1) > 0 {
            for (index, (from, to)) in [(self, far), (far, self)].enumerated() where watched[index].revents != 0 {
                guard let bytes = from.receive(), to.send(bytes) else { return }
            }
        }
    }

    /// One byte every `interval`, until the peer goes.
    package func drip(_ byte: UInt8, every interval: useconds_t) {
        while send(Data([byte])) { usleep(interval) }
    }

    /// Lets the connection's end be a RST.
    package func resetOnClose() {
        var setting = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &setting, socklen_t(MemoryLayout<linger>.size))
    }
}

/// The text of a reply with a body of known length.
package func reply(_ status: String, _ headers: [String] = [], _ body: String = "") -> String {
    (["HTTP/1.1 \(status)"] + headers + ["Content-Length: \(body.utf8.count)", "", body]).joined(separator: "\r\n")
}
