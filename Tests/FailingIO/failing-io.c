// Makes the N-th write, sync or rename of a regular file fail, to see what a program makes of it.
//
//   cc -shared -fPIC -O1 -o failing-io.so Tests/FailingIO/failing-io.c -ldl
//   FAILING_IO=sync:3:EIO FAILING_IO_REPORT=/tmp/report LD_PRELOAD=$PWD/failing-io.so nightjar run …
//
// FAILING_IO is KIND:N:ERROR or KIND:N+:ERROR (that one and all after it); KIND is write, sync, rename or open (for
// writing), ERROR one of ENOSPC, EIO, EROFS, EDQUOT. At the end of the process FAILING_IO_REPORT, a file, says how many
// calls of that kind there were: a sweep over N is over when N is beyond that. Sockets, pipes, terminals and standard
// streams are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, SYNC, RENAME, OPEN, KINDS };
static const char *const names[KINDS] = {"write", "sync", "rename", "open"};

static int planned = -1;  // the kind that fails
static long nth;
static int all_after;
static int error_number;
static atomic_long calls[KINDS];

__attribute__((constructor)) static void read_plan(void) {
    const char *plan = getenv("FAILING_IO");
    char kind[16] = "", error[16] = "", plus[2] = "";
    if (!plan) return;
    if (sscanf(plan, "%15[a-z]:%ld%1[+]:%15[A-Z]", kind, &nth, plus, error) == 4) all_after = 1;
    else if (sscanf(plan, "%15[a-z]:%ld:%15[A-Z]", kind, &nth, error) != 3) return;
    for (int i = 0; i < KINDS; i++)
        if (!strcmp(kind, names[i])) planned = i;
    error_number = !strcmp(error, "ENOSPC") ? ENOSPC : !strcmp(error, "EROFS") ? EROFS : !strcmp(error, "EDQUOT") ? EDQUOT : EIO;
}

__attribute__((destructor)) static void report(void) {
    const char *path = getenv("FAILING_IO_REPORT");
    if (!path || planned < 0) return;
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls[planned]));
    fclose(file);
}

static int fails(enum kind kind) {
    if ((int)kind != planned) return 0;
    long call = atomic_fetch_add(&calls[kind], 1) + 1;
    if (call == nth || (all_after && call > nth)) {
        errno = error_number;
        return 1;
    }
    return 0;
}

static int is_regular(int fd) {
    struct stat status;
    int saved = errno;
    int regular = fd > STDERR_FILENO && !fstat(fd, &status) && S_ISREG(status.st_mode);
    errno = saved;
    return regular;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t count) {
    return is_regular(fd) && fails(WRITE) ? -1 : NEXT(write)(fd, data, count);
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset) {
    return is_regular(fd) && fails(WRITE) ? -1 : NEXT(pwrite)(fd, data, count, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset) {
    return is_regular(fd) && fails(WRITE) ? -1 : NEXT(pwrite64)(fd, data, count, offset);
}

ssize_t writev(int fd, const struct iovec *pieces, int count) {
    return is_regular(fd) && fails(WRITE) ? -1 : NEXT(writev)(fd, pieces, count);
}

int ftruncate(int fd, off_t length) { return fails(WRITE) ? -1 : NEXT(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { return fails(WRITE) ? -1 : NEXT(ftruncate64)(fd, length); }

int fsync(int fd) { return fails(SYNC) ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return fails(SYNC) ? -1 : NEXT(fdatasync)(fd); }

int rename(const char *from, const char *to) { return fails(RENAME) ? -1 : NEXT(rename)(from, to); }

int renameat(int from_fd, const char *from, int to_fd, const char *to) {
    return fails(RENAME) ? -1 : NEXT(renameat)(from_fd, from, to_fd, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags) {
    return fails(RENAME) ? -1 : NEXT(renameat2)(from_fd, from, to_fd, to, flags);
}

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

#define OPENS(name)                                                         \
    int name(const char *path, int flags, ...) {                            \
        mode_t mode = 0;                                                    \
        if (flags & (O_CREAT | O_TMPFILE)) {                                \
            va_list list;                                                   \
            va_start(list, flags);                                          \
            mode = va_arg(list, mode_t);                                    \
            va_end(list);                                                   \
        }                                                                   \
        return writes(flags) && fails(OPEN) ? -1 : NEXT(name)(path, flags, mode); \
    }

OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                      \
    int name(int folder, const char *path, int flags, ...) {                \
        mode_t mode = 0;                                                    \
        if (flags & (O_CREAT | O_TMPFILE)) {                                \
            va_list list;                                                   \
            va_start(list, flags);                                          \
            mode = va_arg(list, mode_t);                                    \
            va_end(list);                                                   \
        }                                                                   \
        return writes(flags) && fails(OPEN) ? -1 : NEXT(name)(folder, path, flags, mode); \
    }

OPENS_AT(openat)
OPENS_AT(openat64)
