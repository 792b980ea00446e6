#include "system/system.h"

#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

// Fields of /proc/PID/stat.
#define COMMAND_FIELD 2
#define START_TIME_FIELD 22

pid_t sys_clone(uint64_t flags, int cgroup, int *pidfd)
{
    struct clone_args arguments = {
        .flags = flags | (pidfd ? CLONE_PIDFD : 0) | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD, // a sibling has the exit signal of the process that made it
        .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
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
    // The command name may contain spaces and parentheses: counting starts at its last ')'.
    const char *at = strrchr(text, ')');
    for (int field = COMMAND_FIELD; at && field < START_TIME_FIELD; field++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoull(at + 1, NULL, 10) : 0;
}

void reset_signals(void)
{
    // All zero is SIG_DFL. The raw call is used because glibc hides signals 32 and 33, which can be ignored as well.
    static const uint64_t defaults[8];
    for (int number = 1; number < NSIG; number++) {
        syscall(SYS_rt_sigaction, number, defaults, NULL, sizeof(uint64_t)); // refuses SIGKILL and SIGSTOP
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
