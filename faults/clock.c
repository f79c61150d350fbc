/* A process's wall clock, moved by as many seconds as stand in a file: preloaded into a server (cluster.py).
 *
 *     cc -shared -fPIC -o clock.so clock.c
 *     CLOCK_FILE=… LD_PRELOAD=…/clock.so rims serve …
 *
 * The file is eight bytes, a number of the machine's own order, and may change while the server runs. Monotonic
 * clocks are left alone. Debian's libfaketime is of no use here: it allocates when it is first asked for the time, and
 * the server's allocator (jemalloc) asks for the time when it first allocates: each waits for the other.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *ahead;

__attribute__((constructor)) static void map_file(void) {
    const char *name = getenv("CLOCK_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *bytes = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
    if (bytes == MAP_FAILED)
        abort();
    close(file);
    ahead = bytes;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += *ahead;
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *also) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (also)
        *also = now.tv_sec;
    return now.tv_sec;
}
