// The base of all wings: the result convention, owned descriptors, and the system calls that glibc lacks.
//
// The wings depend on each other in one direction. Each header lists the includes of its wing; `make lint-wings` checks them.
//
//     spawner    starts the process of each pod
//     sandbox    that process: the tasks in its event loop
//     child      a new process of a pod, from clone3 to exec      log     output to log files
//     record     launch parameters, decoded and checked           loop    epoll, connections
//     wire       messages and fields
//     system     here
//
// The two columns do not include each other. No function of child runs in an event loop. Once a child has begun, it runs no
// function of sandbox, log or loop.
//
// Result convention: a function that can fail takes a `struct fault *`, fills it and returns -1; 0 (or a descriptor) is success.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "swl_wire.h"

struct fault {
    uint16_t step; // enum swl_step
    uint16_t length;
    int32_t error; // errno
    char text[SWL_TEXT_MAX];
};

// fault.c
// Records errno and "text: reason of errno".
int fail(struct fault *fault, int step, const char *format, ...) __attribute__((format(printf, 3, 4)));
// Records the given errno value and exactly the text.
int refuse(struct fault *fault, int step, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));

static inline void close_owned(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
        *fd = -1;
    }
}
#define OWNED __attribute__((cleanup(close_owned)))

// Returns the descriptor and clears the variable.
static inline int take(int *fd)
{
    int given = *fd;
    *fd = -1;
    return given;
}

// files.c
#define RESOLVE_SAFE_IN_ROOT (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
#define RESOLVE_NO_LINKS (RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS) // mounts may be crossed
#define RESOLVE_PLAIN_BENEATH (RESOLVE_BENEATH | RESOLVE_NO_LINKS)
int sys_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
// Writes `value` into the existing file `name` in one write.
int write_file_at(int directory, const char *name, const char *value);
// Closes every descriptor beyond the standard streams that is not among the `count` kept ones.
int close_other_fds(const int *kept, size_t count);

// packets.c
// Sends one packet whole or not at all, with a descriptor beside it when `fd` is not -1. Retries after a signal.
ssize_t send_packet(int socket, const void *bytes, size_t length, int fd);
// Receives one packet and the descriptor beside it; without a descriptor *fd keeps its value. Never blocks; returns 0 at the end.
ssize_t receive_packet(int socket, void *bytes, size_t length, int *fd);

// processes.c
// Starts a process in `cgroup` (when >= 0), with CLONE_PARENT as a sibling. The child returns 0 with a copy of the caller's
// memory.
pid_t sys_clone(uint64_t flags, int cgroup, int *pidfd);
// Returns field 22 of /proc/<pid>/stat, or 0 when the process is gone.
uint64_t process_start_time(pid_t pid);
// Restores default dispositions and an empty mask: programs must not inherit what is ignored or blocked here.
void reset_signals(void);

// clocks.c
#define MS_PER_S 1000
#define NS_PER_MS 1000000
#define NS_PER_S 1000000000LL
int64_t realtime_ns(void);
int64_t monotonic_ns(void);
int64_t monotonic_ms(void);

// title.c: the command line shown by ps and /proc/PID/cmdline.
void title_init(int argc, char **argv);
void title_set(const char *title);

// memory.c
// Takes the pages of code and constants out of this process; the kernel reads the needed ones again. A running pod needs a small
// part of them.
void memory_settle(void);
// memory_begin() runs at the start of the program. memory_forget() runs in a fork: it clears all allocated memory, and nothing
// can be allocated afterwards.
void memory_begin(void);
void memory_forget(void);
