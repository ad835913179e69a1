internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NightjarCore

/// What goes wrong below HTTP.
enum TransportError {
    /// Whether an error speaks of the time before the request: no name, no connection, no TLS session.
    ///
    /// By itself it proves nothing, since some of these also come from a connection that has been used; see
    /// `TrackedBody`. A proxy that is asked to connect and does not is one of them. An address written in numbers fails with an `IOError`, a name with an `NIOConnectionError`.
    static func isOfConnecting(_ error: any Error) -> Bool {
        switch error {
        case is NIOConnectionError, is SocketAddressError, is SocketAddressError.UnknownHost, is IOError,
            is NIOSSLError, is NIOSSLExtraError:
            true
        case let error as HTTPClientError:
            [
                .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .invalidProxyResponse,
                .proxyAuthenticationRequired, .httpProxyHandshakeTimeout,
            ].contains(error)
        default: false
        }
    }

    /// Whether an error says that the connection was closed, and not why.
    static func isOfClosing(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPClientError: error == .remoteConnectionClosed
        case let error as ChannelError: [.ioOnClosedChannel, .alreadyClosed, .inputClosed, .eof].contains(error)
        default: false
        }
    }

    /// How an answer was lost. In doubt a peer that has not spoken is silent, which is waited out longer.
    static func kindOfLoss(_ error: any Error) -> Loss.Kind {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .readTimeout, .writeTimeout, .deadlineExceeded, .connectTimeout, .tlsHandshakeTimeout,
                .getConnectionFromPoolTimeout:
                .silent
            case .cancelled: .interrupted
            default: .closed
            }
        // What the kernel reports when the peer is gone without a word (`TCP_USER_TIMEOUT`), or the way to it.
        case let error as IOError:
            [ETIMEDOUT, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN].contains(error.errnoCode) ? .silent : .closed
        case is NIOTooManyBytesError: .unreadable
        case is CancellationError: .interrupted
        default: .closed
        }
    }

    /// For people. An error may quote the request's headers, so the key is struck out.
    static func words(for error: any Error, without key: APIKey?) -> String {
        Reply.clean(words(for: error), without: key)
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            let place = "no connection to \(error.host):\(error.port)"
            if let cause = error.connectionErrors.first?.error as? IOError {
                return "\(place): \(words(forErrno: cause.errnoCode))"
            }
            return error.connectionErrors.isEmpty ? "\(place): the name cannot be resolved" : place
        case let error as IOError: return words(forErrno: error.errnoCode)
        case let error as HTTPClientError:
            switch error {
            case .readTimeout, .deadlineExceeded: return "no answer in time"
            case .connectTimeout: return "no connection in time"
            case .invalidProxyResponse: return "the proxy does not connect to the host"
            case .proxyAuthenticationRequired: return "the proxy asks for a user and a password"
            case .httpProxyHandshakeTimeout: return "no connection through the proxy in time"
            case .remoteConnectionClosed: return "the connection was closed before the answer was whole"
            default: return error.shortDescription.lowercased()
            }
        case let error as ChannelError where isOfClosing(error):
            return "the connection was closed before the answer was whole"
        case is NIOTooManyBytesError: return "the answer is too long"
        case is CancellationError: return "cancelled"
        default: return "\(error)"
        }
    }

    private static func words(forErrno code: CInt) -> String {
        String(cString: strerror(code)).lowercased()
    }
}
