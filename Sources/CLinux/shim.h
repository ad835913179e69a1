#pragma once

#include <sys/syscall.h>
#include <unistd.h>

/// renameat2(2) with RENAME_NOREPLACE, which Glibc declares only under _GNU_SOURCE, as Swift does not import it.
static inline int nightjar_rename_no_replace(int from_folder, const char *from, int to_folder, const char *to) {
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 1U);
}
