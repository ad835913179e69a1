internal import Glibc

/// The error of a system call, kept before anything else can change `errno`.
struct SystemError: Error, Equatable {
    var code: Int32

    /// As the system words it, in lower case: `no space left on device`.
    var words: String {
        let text = String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

/// Calls `body` until it is not interrupted by a signal.
/// - Returns: What it returned, unless that is -1.
@discardableResult
func retrying<Result: SignedInteger>(_ body: () -> Result) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result != -1 { return result }
        let code = errno
        if code != EINTR { throw SystemError(code: code) }
    }
}
