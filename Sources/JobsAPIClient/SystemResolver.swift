internal import Glibc
internal import NIOPosix

/// Names as the system resolves them: hosts file, DNS, and whatever else it is told to ask.
enum SystemResolver {
    struct Failure: Error {
        /// From `getaddrinfo`.
        var code: CInt
    }

    /// - Returns: Addresses in numbers, the one to be tried first at the front.
    static func addresses(of name: String) async throws -> [String] {
        let (answers, continuation) = AsyncThrowingStream.makeStream(of: [String].self)
        // It may block for as long as the system's resolver likes: on a thread that is for such calls.
        NIOThreadPool.singleton.submit { state in
            guard case .active = state else { return continuation.finish(throwing: CancellationError()) }
            do throws(Failure) {
                continuation.yield(try lookUp(name))
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        for try await addresses in answers { return addresses }
        throw CancellationError()
    }

    private static func lookUp(_ name: String) throws(Failure) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { throw Failure(code: code) }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next {
            var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let isTold =
                getnameinfo(
                    entry.pointee.ai_addr, entry.pointee.ai_addrlen, &buffer, socklen_t(buffer.count), nil, 0,
                    NI_NUMERICHOST) == 0
            let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if isTold, !addresses.contains(text) { addresses.append(text) }
            next = entry.pointee.ai_next
        }
        return addresses
    }
}
