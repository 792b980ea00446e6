// Hooks: programs that run before the container's own, as children of its first process, in the namespaces and root of that
// moment.
#include "child/steps.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

// Exit codes of a hook that did not start, with and without its errno in the pipe.
#define NOT_STARTED 127
#define NOT_REPORTED 126

// Copies one hook's part of a list and ends it by NULL for execve().
static const char **part(const char *const *items, size_t count)
{
    const char **copy = calloc(count + 1, sizeof *copy);
    if (copy && count) {
        memcpy(copy, items, count * sizeof *copy);
    }
    return copy;
}

static _Noreturn void become_hook(const struct child *child, const struct hook_spec *hook, const char **arguments,
                                  const char **variables, int failure)
{
    // Each hook reads from the start: all share one file and its offset.
    if (lseek(child->hook_state, 0, SEEK_SET) == 0 && dup2(child->hook_state, 0) == 0 &&
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0) {
        close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        execve(hook->path, (char *const *)arguments, (char *const *)variables);
    }
    int error = errno;
    ssize_t written = write(failure, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? NOT_STARTED : NOT_REPORTED);
}

// `failed` is the read end of the pipe that become_hook() writes to.
static int await_hook(const struct hook_spec *hook, pid_t pid, int pidfd, int failed, struct fault *fault)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    uint32_t seconds = hook->fixed.seconds;
    int got, error, status, timeout = seconds == 0 ? -1 : seconds > INT_MAX / MS_PER_S ? INT_MAX : (int)seconds * MS_PER_S;
    while ((got = poll(&end, 1, timeout)) < 0 && errno == EINTR) {
    }
    if (got != 1) {
        pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return fail(fault, SWL_STEP_HOOK, "wait for the hook \"%.300s\"", hook->path);
        }
    }
    if (got != 1) {
        return refuse(fault, SWL_STEP_HOOK, ETIMEDOUT, "the hook \"%.300s\" did not end within %u s and was killed", hook->path,
                      seconds);
    }
    if (read(failed, &error, sizeof error) == (ssize_t)sizeof error) {
        errno = error;
        return fail(fault, SWL_STEP_HOOK, "run the hook \"%.300s\"", hook->path);
    }
    if (WIFSIGNALED(status)) {
        return refuse(fault, SWL_STEP_HOOK, ECANCELED, "the hook \"%.300s\" was killed by signal %d", hook->path,
                      WTERMSIG(status));
    }
    return WEXITSTATUS(status) == 0 ? 0
                                    : refuse(fault, SWL_STEP_HOOK, ECANCELED, "the hook \"%.300s\" ended with exit code %d",
                                             hook->path, WEXITSTATUS(status));
}

static int run_hook(const struct child *child, const struct hook_spec *hook, const char *const *arguments,
                    const char *const *variables, struct fault *fault)
{
    int ends[2];
    const char **own_arguments = part(arguments, hook->fixed.argument_count);
    const char **own_variables = part(variables, hook->fixed.variable_count);
    if (!own_arguments || !own_variables || pipe2(ends, O_CLOEXEC) != 0) {
        return fail(fault, SWL_STEP_HOOK, "prepare the hook \"%.300s\"", hook->path);
    }
    OWNED int failed = ends[0];
    OWNED int failure = ends[1];
    OWNED int pidfd = -1;
    pid_t pid = sys_clone(0, -1, &pidfd);
    if (pid == 0) {
        become_hook(child, hook, own_arguments, own_variables, failure);
    }
    close_owned(&failure);
    free(own_arguments);
    free(own_variables);
    return pid < 0 ? fail(fault, SWL_STEP_HOOK, "clone3 for the hook \"%.300s\"", hook->path)
                   : await_hook(hook, pid, pidfd, failed, fault);
}

int run_hooks(const struct child *child, enum swl_hook_moment moment, struct fault *fault)
{
    const struct record *record = child->record;
    const char *const *arguments = record->hook_arguments.items, *const *variables = record->hook_variables.items;
    for (size_t i = 0; i < record->hooks.count; i++) {
        const struct hook_spec *hook = &record->hooks.items[i];
        if (hook->fixed.moment == moment && run_hook(child, hook, arguments, variables, fault) != 0) {
            return -1;
        }
        arguments += hook->fixed.argument_count;
        variables += hook->fixed.variable_count;
    }
    return 0;
}
