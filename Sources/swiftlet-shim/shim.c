#include "shim.h"

#include <linux/sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

static void describe(struct fault *fault, int step, int error, const char *format, va_list arguments, bool with_reason)
{
    fault->step = (uint16_t)step;
    fault->error = error;
    int length = vsnprintf(fault->text, sizeof fault->text, format, arguments);
    size_t used = length < 0 ? 0 : (size_t)length;
    if (with_reason && used < sizeof fault->text) {
        const char *reason = strerrordesc_np(error);
        int more = snprintf(fault->text + used, sizeof fault->text - used, ": %s", reason ? reason : "unknown error");
        used += more < 0 ? 0 : (size_t)more;
    }
    fault->length = (uint16_t)(used < sizeof fault->text ? used : sizeof fault->text - 1);
}

int fail(struct fault *fault, int step, const char *format, ...)
{
    int error = errno ? errno : EIO;
    va_list arguments;
    va_start(arguments, format);
    describe(fault, step, error, format, arguments, true);
    va_end(arguments);
    return -1;
}

int refuse(struct fault *fault, int step, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    describe(fault, step, error, format, arguments, false);
    va_end(arguments);
    return -1;
}

int sys_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {flags | O_CLOEXEC, mode, resolve};
    // With RESOLVE_IN_ROOT the kernel answers EAGAIN when a rename races with "..": a bounded number of new tries.
    for (int tries = 0;; tries++) {
        long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == 32) {
            return (int)fd;
        }
    }
}

pid_t sys_clone(uint64_t flags, int cgroup, int *pidfd)
{
    struct clone_args arguments = {
        .flags = flags | (pidfd ? CLONE_PIDFD : 0) | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, // a sibling has its maker's
        .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

union one_descriptor {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

ssize_t send_packet(int socket, const void *bytes, size_t length, int fd)
{
    union one_descriptor control = {0};
    struct iovec part = {(void *)bytes, length};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        packet.msg_control = &control;
        packet.msg_controllen = sizeof control;
        struct cmsghdr *head = CMSG_FIRSTHDR(&packet);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof fd)};
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &packet, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t receive_packet(int socket, void *bytes, size_t length, int *fd)
{
    union one_descriptor control;
    struct iovec part = {bytes, length};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do {
        got = recvmsg(socket, &packet, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    struct cmsghdr *head = got < 0 ? NULL : CMSG_FIRSTHDR(&packet);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS) {
        close_owned(fd);
        memcpy(fd, CMSG_DATA(head), sizeof *fd);
    }
    return got;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t monotonic_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t process_start_time(pid_t pid)
{
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    OWNED int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t length = read(fd, text, sizeof text - 1);
    if (length <= 0) {
        return 0;
    }
    text[length] = 0;
    // The command name (field 2) may contain spaces and parentheses: count from its last ')'.
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoull(at + 1, NULL, 10) : 0;
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
    // Insertion of a few numbers; qsort() would allocate.
    for (size_t i = 1; i < count; i++) {
        for (size_t j = i; j > 0 && compare_ints(&sorted[j - 1], &sorted[j]) > 0; j--) {
            int swap = sorted[j];
            sorted[j] = sorted[j - 1];
            sorted[j - 1] = swap;
        }
    }
    int first = 3;
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

bool id_is_valid(const void *id, size_t length)
{
    const char *at = id;
    if (length == 0 || length > SWL_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '0' && at[i] <= '9') || at[i] == '-')) {
            return false;
        }
    }
    return true;
}

void reset_signals(void)
{
    // All zero is SIG_DFL. The raw call, for glibc hides signals 32 and 33, which can be ignored all the same.
    static const uint64_t defaults[8];
    for (int number = 1; number <= 64; number++) {
        syscall(SYS_rt_sigaction, number, defaults, NULL, sizeof(uint64_t)); // refuses SIGKILL and SIGSTOP
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static char *title_start;
static size_t title_room;

void title_init(int argc, char **argv)
{
    extern char **environ;
    char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;
    title_start = argv[0];
    for (char **variable = environ; variable && *variable == end; variable++) {
        end += strlen(*variable) + 1;
    }
    title_room = (size_t)(end - argv[0]);
}

void title_set(const char *title)
{
    if (title_room > 1) {
        memset(title_start, 0, title_room);
        strncpy(title_start, title, title_room - 1);
    }
}
