// The ground that every wing stands on: the result convention, owned descriptors, and the system calls that glibc lacks.
//
// Wings and their one direction (each header says what its wing includes; `make lint-wings` holds it):
//
//     spawner    starts the process of each pod
//     sandbox    that process: the tasks in its event loop
//     child      a new process of a pod, from clone3 to exec      log     output to log files
//     record     launch parameters, decoded and checked           loop    epoll, connections
//     wire       messages and fields
//     system     here
//
// The two columns know nothing of each other. No function of child runs in an event loop and, once the child has begun, none of the others in a child.
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

// Gives the descriptor away and forgets it.
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
// One packet, with a descriptor beside it when `fd` is one; whole or not at all. A signal does not end it.
ssize_t send_packet(int socket, const void *bytes, size_t length, int fd);
// One packet and the descriptor beside it; without one *fd stays as it is. Never blocks; 0 at the end.
ssize_t receive_packet(int socket, void *bytes, size_t length, int *fd);

// processes.c
// A process in `cgroup` (when >= 0), with CLONE_PARENT a sibling; the child returns 0 with the caller's memory copied.
pid_t sys_clone(uint64_t flags, int cgroup, int *pidfd);
// Field 22 of /proc/<pid>/stat; 0 when the process is gone.
uint64_t process_start_time(pid_t pid);
// Restores default dispositions and an empty mask: what is ignored or blocked here must not be inherited by programs.
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
// Takes the pages of code and constants out of this process; those that are needed come back by themselves. What a pod needs once it
// runs is a small part of them.
void memory_settle(void);
// At the program's begin, and in a fork: all that was allocated is gone, and nothing can be allocated any more.
void memory_begin(void);
void memory_forget(void);
