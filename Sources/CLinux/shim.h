#pragma once

#include <spawn.h>

/// renameat2(2), which Glibc declares only under _GNU_SOURCE, as Swift does not import it.
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

/// renameat2(2) with RENAME_NOREPLACE.
static inline int nightjar_rename_no_replace(int from_folder, const char *from, int to_folder, const char *to) {
    return renameat2(from_folder, from, to_folder, to, 1U);
}

/// memfd_create(2) and pipe2(2), undeclared for the same reason.
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);

/// Closes all from a number on in the process that is started (glibc 2.34); undeclared for the same reason.
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
