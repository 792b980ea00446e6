// What every part of swiftlet-shim shares: the result convention, owned descriptors, the few system calls glibc lacks.
//
// Result convention: a function that can fail takes a `struct fault *`, fills it and returns -1; 0 (or a descriptor) is success.
#pragma once

#include <errno.h>
#include <fcntl.h>
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

#define RESOLVE_SAFE_IN_ROOT (0x10 | 0x02)         // RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS
#define RESOLVE_NO_LINKS (0x02 | 0x04)             // RESOLVE_NO_MAGICLINKS | NO_SYMLINKS: mounts may be crossed
#define RESOLVE_PLAIN_BENEATH (0x08 | 0x02 | 0x04) // RESOLVE_BENEATH | NO_MAGICLINKS | NO_SYMLINKS

int sys_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
// A process in `cgroup` (when >= 0), with CLONE_PARENT a sibling; the child returns 0 with the caller's memory copied.
pid_t sys_clone(uint64_t flags, int cgroup, int *pidfd);

// One packet, with a descriptor beside it when `fd` is one; whole or not at all. A signal does not end it.
ssize_t send_packet(int socket, const void *bytes, size_t length, int fd);
// One packet and the descriptor beside it; without one *fd stays as it is. Never blocks; 0 at the end.
ssize_t receive_packet(int socket, void *bytes, size_t length, int *fd);

int64_t realtime_ns(void);
int64_t monotonic_ns(void);
// Field 22 of /proc/<pid>/stat; 0 when the process is gone.
uint64_t process_start_time(pid_t pid);
// Writes `value` into the existing file `name` in one write.
int write_file_at(int directory, const char *name, const char *value);
// Closes every descriptor from 3 on that is not among the `count` kept ones.
int close_other_fds(const int *kept, size_t count);
// [a-z0-9-]{1,64}
bool id_is_valid(const void *id, size_t length);
// Restores default dispositions and an empty mask: what is ignored or blocked here must not be inherited by programs.
void reset_signals(void);
// The command line shown by ps and /proc/PID/cmdline.
void title_init(int argc, char **argv);
void title_set(const char *title);

// Takes the pages of code and constants out of this process; those that are needed come back by themselves. What a pod needs once it
// runs is a small part of them.
void memory_settle(void);
// At the program's begin, and in a fork: all that was allocated is gone, and nothing can be allocated any more.
void memory_begin(void);
void memory_forget(void);

int spawner_main(const char *run_directory, const char *pid_file);
// Runs in the new shim process: takes over the process, answers on `ready` when the socket listens, never returns.
_Noreturn void sandbox_main(const char *id, int directory, int ready, const struct swl_shim_limits *limits);
