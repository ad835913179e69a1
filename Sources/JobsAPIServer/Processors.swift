import Glibc

/// Processors that this machine has for us, at least 1.
let processorCount = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
