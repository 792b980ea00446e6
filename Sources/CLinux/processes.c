#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int swl_pidfd_open(pid_t pid, unsigned int flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

int swl_pidfd_send_signal(int pidfd, int signal)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int swl_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

int swl_setns(int fd, int type)
{
    return setns(fd, type);
}

int swl_unshare(int flags)
{
    return unshare(flags);
}

#define NOT_STARTED 127
#define STACK_SIZE ((size_t)64 * 1024)

struct spawn_child {
    const struct swl_spawn_request *request;
    sigset_t mask;
    volatile int error;
    const char *volatile step;
};

static int spawn_failed(struct spawn_child *child, const char *step)
{
    child->error = errno;
    child->step = step;
    _exit(NOT_STARTED);
}

// Runs on its own stack in the parent's memory, with the parent's thread suspended: only system calls, no allocation, no locks.
static int spawn_entry(void *argument)
{
    struct spawn_child *child = argument;
    const struct swl_spawn_request *request = child->request;

    // Handlers first: once the mask is lifted, a handler of the parent would run in the parent's memory.
    struct sigaction ordinary;
    memset(&ordinary, 0, sizeof ordinary);
    ordinary.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            sigaction(number, &ordinary, NULL);

    if (request->new_session && setsid() < 0)
        return spawn_failed(child, "setsid");
    // Before the program runs, so that no descendant is ever outside.
    if (request->cgroup_procs_fd >= 0 && write(request->cgroup_procs_fd, "0", 1) != 1)
        return spawn_failed(child, "write cgroup.procs");
    if (request->directory && chdir(request->directory) < 0)
        return spawn_failed(child, "chdir");

    // Sources are first duplicated above the targets, so that no dup2 overwrites a source that is still needed.
    int count = (int)request->fd_count;
    int lifted[SWL_SPAWN_FDS_MAX];
    for (int i = 0; i < count; i++) {
        int source = request->fds[i];
        if (source < 0) {
            source = open("/dev/null", O_RDWR | O_CLOEXEC);
            if (source < 0)
                return spawn_failed(child, "open /dev/null");
        }
        lifted[i] = fcntl(source, F_DUPFD_CLOEXEC, 2 * SWL_SPAWN_FDS_MAX);
        if (lifted[i] < 0)
            return spawn_failed(child, "fcntl F_DUPFD_CLOEXEC");
    }
    for (int i = 0; i < count; i++)
        if (dup2(lifted[i], i) < 0)
            return spawn_failed(child, "dup2");
    if (syscall(SYS_close_range, (unsigned int)count, ~0u, 0) < 0)
        return spawn_failed(child, "close_range");

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->argv, request->envp);
    return spawn_failed(child, "execve");
}

pid_t swl_spawn(const struct swl_spawn_request *request, int *pidfd, const char **failed_step)
{
    *failed_step = "clone";
    if (request->fd_count > SWL_SPAWN_FDS_MAX) {
        errno = EINVAL;
        return -1;
    }
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -1;

    struct spawn_child child = {.request = request};
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &child.mask);
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);

    int fd = -1;
    pid_t pid = clone(spawn_entry, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &fd);
    int error = pid < 0 ? errno : child.error;
    if (pid > 0 && error != 0) {
        waitpid(pid, NULL, 0);
        close(fd);
        *failed_step = child.step;
        pid = -1;
    }

    pthread_setcancelstate(cancel, NULL);
    pthread_sigmask(SIG_SETMASK, &child.mask, NULL);
    munmap(stack, STACK_SIZE);
    if (pid > 0)
        *pidfd = fd;
    errno = error;
    return pid;
}

int swl_reap_pidfd(int pidfd, int *code, int *status)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
        return -1;
    if (info.si_pid == 0)
        return 0;
    *code = info.si_code;
    *status = info.si_status;
    return 1;
}

int swl_cld_exited(void)
{
    return CLD_EXITED;
}

int swl_limit_arenas(int count)
{
    // Free memory at the end of an arena other than the first stays until a free finds this much there: malloc_trim(3) leaves it. The default
    // grows to 64 MiB with the largest allocation; the second one, which may not grow either then, keeps buffers out of mmap(2).
    return mallopt(M_ARENA_MAX, count) && mallopt(M_TRIM_THRESHOLD, 1 << 20) && mallopt(M_MMAP_THRESHOLD, 4 << 20);
}

int swl_trim_memory(void)
{
    return malloc_trim(0);
}

int swl_set_thread_name(const char *name)
{
    return prctl(PR_SET_NAME, name);
}
