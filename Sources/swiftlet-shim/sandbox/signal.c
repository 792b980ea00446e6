// SIGNAL: to one process, or to all processes of a cgroup.
#include "sandbox/verbs.h"

#include <dirent.h>
#include <signal.h>
#include <sys/pidfd.h>

// Signals every member of a cgroup and of those below it. Members come and go while the files are read. Only SIGKILL, which uses
// cgroup.kill, is certain to reach all.
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

// Processes in deeper cgroups of a container are reached by SIGKILL only.
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
    // The process is not reaped, so the pid is still its own; it leads the process group that setsid() made.
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
        // Also for an exited container: processes of a container without its own pid namespace can outlive it.
        return signal_cgroup(container->cgroup, number, fault);
    }
    if (container->task.pidfd < 0) {
        return refuse(fault, SWL_STEP_SIGNAL, ESRCH, "container \"%s\" has exited", container->id);
    }
    return pidfd_send_signal(container->task.pidfd, number, NULL, 0) == 0
               ? 0
               : fail(fault, SWL_STEP_SIGNAL, "send signal %d", number);
}
