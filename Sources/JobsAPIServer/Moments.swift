import Glibc

/// Milliseconds since 1970-01-01 00:00 UTC.
func wallMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// What the system says about the call that has just failed.
func systemReason() -> String {
    String(cString: strerror(errno)).lowercased()
}
