#include "system/system.h"

#include <string.h>
#include <sys/syscall.h>

#define RACES_MAX 32

int sys_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {flags | O_CLOEXEC, mode, resolve};
    // With RESOLVE_IN_ROOT the kernel answers EAGAIN when a rename races with "..". The number of further tries is bounded.
    for (int tries = 0;; tries++) {
        long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == RACES_MAX) {
            return (int)fd;
        }
    }
}

int write_file_at(int directory, const char *name, const char *value)
{
    OWNED int fd = openat(directory, name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return -1;
    }
    size_t length = strlen(value);
    ssize_t written = write(fd, value, length);
    if (written >= 0 && (size_t)written != length) {
        errno = EIO;
        return -1;
    }
    return written < 0 ? -1 : 0;
}

static int compare_ints(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

int close_other_fds(const int *kept, size_t count)
{
    int sorted[SWL_FDS_MAX + 16];
    if (count > sizeof sorted / sizeof *sorted) {
        errno = E2BIG;
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[i] = kept[i];
    }
    // Insertion sort of a few numbers; qsort() would allocate.
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && compare_ints(&sorted[j - 1], &sorted[j]) > 0; j--) {
            int swap = sorted[j];
            sorted[j] = sorted[j - 1];
            sorted[j - 1] = swap;
        }
    }
    int first = STDERR_FILENO + 1;
    for (size_t i = 0; i < count; i++) {
        if (sorted[i] < first) {
            continue;
        }
        if (sorted[i] > first && close_range((unsigned)first, (unsigned)sorted[i] - 1, 0) != 0) {
            return -1;
        }
        first = sorted[i] + 1;
    }
    return close_range((unsigned)first, ~0U, 0);
}
