#pragma once

/// renameat2(2), which Glibc declares only under _GNU_SOURCE, as Swift does not import it.
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

/// renameat2(2) with RENAME_NOREPLACE.
static inline int nightjar_rename_no_replace(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 1U);
}
