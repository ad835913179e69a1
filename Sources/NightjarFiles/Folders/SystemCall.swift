internal import Glibc

/// The error of a system call, kept before anything else can change `errno`.
package struct SystemError: Error, Equatable {
    package var code: Int32

    package init(code: Int32) {
        self.code = code
    }

    /// As the system words it, in lower case: `no space left on device`.
    package var words: String {
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
