// SIGNAL: to a process, or to all of a cgroup.
#include "sandbox/verbs.h"

#include <dirent.h>
#include <signal.h>
#include <sys/pidfd.h>

// Every member of a cgroup and of those below it. Members come and go while the files are read; who wants certainty sends SIGKILL, which
// goes by cgroup.kill.
static int signal_members(int cgroup, int number, int depth)
{
    char text[1024];
    OWNED int fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    ssize_t length;
    long pid = 0;
    while (fd >= 0 && (length = read(fd, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            if (text[i] >= '0' && text[i] <= '9') {
                pid = pid * 10 + text[i] - '0';
            } else if (pid) {
                kill((pid_t)pid, number);
                pid = 0;
            }
        }
    }
    int list = fd < 0 || depth == 0 ? -1 : openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = list < 0 ? NULL : fdopendir(list);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        OWNED int below = entry->d_type == DT_DIR && entry->d_name[0] != '.'
                              ? openat(cgroup, entry->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                              : -1;
        if (below >= 0) {
            signal_members(below, number, depth - 1);
        }
    }
    if (entries) {
        closedir(entries);
    } else if (list >= 0) {
        close(list);
    }
    return fd < 0 ? -1 : 0;
}

// A container that makes cgroups deeper than this below its own has processes that only SIGKILL reaches.
#define CGROUP_DEPTH 8

static int signal_cgroup(int cgroup, int number, struct fault *fault)
{
    int sent = number == SIGKILL ? write_file_at(cgroup, "cgroup.kill", "1") : signal_members(cgroup, number, CGROUP_DEPTH);
    return sent == 0 ? 0 : fail(fault, SWL_STEP_SIGNAL, "signal the cgroup");
}

static int signal_exec(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct exec *exec = exec_find(sandbox, request->container, request->exec);
    if (!exec) {
        return refuse(fault, SWL_STEP_LOOKUP, ESRCH, "exec \"%s\" does not run", request->exec);
    }
    int number = request->signal.signal;
    if ((request->signal.flags & SWL_SIGNAL_ALL) && exec->cgroup >= 0) {
        return signal_cgroup(exec->cgroup, number, fault);
    }
    // Not reaped, so the pid is still its own; it leads the process group that setsid() made for it.
    if (exec->task.state == SWL_STATE_RUNNING && kill(-exec->task.process.pid, number) == 0) {
        return 0;
    }
    return pidfd_send_signal(exec->task.pidfd, number, NULL, 0) == 0 ? 0 : fail(fault, SWL_STEP_SIGNAL, "send signal %d", number);
}

int send_signal(struct sandbox *sandbox, const struct request *request, struct fault *fault)
{
    struct container *container;
    int number = request->signal.signal;
    if (!request->has_signal || number < 0 || number > SIGRTMAX || (request->signal.flags & ~(uint32_t)SWL_SIGNAL_ALL)) {
        return refuse(fault, SWL_STEP_SIGNAL, EINVAL, "signal %d with flags %u is not valid", number, request->signal.flags);
    }
    if (request->exec[0]) {
        return signal_exec(sandbox, request, fault);
    }
    if (container_named(sandbox, request, &container, fault) != 0) {
        return -1;
    }
    if ((request->signal.flags & SWL_SIGNAL_ALL) && container->cgroup >= 0) {
        // Also for an exited one: processes of a container without a pid namespace can outlive it.
        return signal_cgroup(container->cgroup, number, fault);
    }
    if (container->task.pidfd < 0) {
        return refuse(fault, SWL_STEP_SIGNAL, ESRCH, "container \"%s\" has exited", container->id);
    }
    return pidfd_send_signal(container->task.pidfd, number, NULL, 0) == 0
               ? 0
               : fail(fault, SWL_STEP_SIGNAL, "send signal %d", number);
}
