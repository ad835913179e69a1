// Tells ThreadSanitizer what it cannot see of Swift's `Mutex` on Linux.
//
// The fast path of `Mutex` is compiled into our modules, where its atomic operations are seen. When a lock is contended,
// `libswiftSynchronization.so`, which is not instrumented, takes and hands it over through a futex: without this, each
// contended lock is reported as a race. Nothing is suppressed: a lock that is taken is an acquire, one that is handed
// over a release, and a real race stays one.
//
//   clang -shared -fPIC -O1 -o .build-tsan/tsan-mutex.so scripts/tsan-mutex.c
//   LD_PRELOAD=$PWD/.build-tsan/tsan-mutex.so swift test --skip-build --sanitize=thread --scratch-path .build-tsan
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Only processes that are built with ThreadSanitizer have these.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

static void *original(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) abort();
    return symbol;
}

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lockSlow(uint32_t thread, SELF void *self) __asm__(LOCK);
SWIFT void lockSlow(uint32_t thread, SELF void *self) {
    static SWIFT void (*_Atomic call)(uint32_t, SELF void *);
    if (!call) call = original(LOCK);
    call(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool tryLockSlow(SELF void *self) __asm__(TRY_LOCK);
SWIFT bool tryLockSlow(SELF void *self) {
    static SWIFT bool (*_Atomic call)(SELF void *);
    if (!call) call = original(TRY_LOCK);
    bool isTaken = call(self);
    if (isTaken && __tsan_acquire) __tsan_acquire(self);
    return isTaken;
}

SWIFT void unlockSlow(SELF void *self) __asm__(UNLOCK);
SWIFT void unlockSlow(SELF void *self) {
    static SWIFT void (*_Atomic call)(SELF void *);
    if (!call) call = original(UNLOCK);
    if (__tsan_release) __tsan_release(self);
    call(self);
}
