// A single child: cloned, continued, ended.
#include "sandbox/task.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

// Children start in the pid namespace that was entered last; this process never changes its own.
static int enter_pid_namespace(int fd, struct fault *fault)
{
    return setns(fd, CLONE_NEWPID) == 0 ? 0 : fail(fault, SWL_STEP_NAMESPACES, "enter the pid namespace");
}

pid_t task_clone(struct task *task, const struct task_clone *clone, struct child *child, struct fault *fault)
{
    if (clone->pid_namespace >= 0 && enter_pid_namespace(clone->pid_namespace, fault) != 0) {
        return -1;
    }
    pid_t pid = sys_clone(clone->flags, clone->cgroup, &task->pidfd);
    if (pid == 0) {
        const struct task_kind *kind = task->kind;
        // Programs that can read the child's memory will see it: the memory must hold no data of other containers.
        if (child->appears) {
            readers_forget(task->sandbox);
            streams_forget();
            memory_forget();
        }
        kind->run(child);
    }
    if (pid < 0) {
        // The kernel returns ENOMEM for a pid namespace that has lost its init.
        const char *hint = clone->flags & CLONE_NEWUSER ? " with a user namespace (is user.max_user_namespaces 0?)" : "";
        fail(fault, SWL_STEP_CLONE, "clone3%s%s", clone->cgroup >= 0 ? " into the cgroup" : "", hint);
    }
    struct fault second;
    if (clone->pid_namespace >= 0 && enter_pid_namespace(task->sandbox->own_pid_namespace, &second) != 0) {
        abort(); // no child may ever start in the wrong namespace; setns to one's own cannot fail
    }
    return pid;
}

void task_kill(struct task *task, int cgroup)
{
    if (cgroup >= 0 && write_file_at(cgroup, "cgroup.kill", "1") == 0) {
        return;
    }
    if (task->pidfd >= 0) {
        pidfd_send_signal(task->pidfd, SIGKILL, NULL, 0);
    }
}

int task_continue(struct task *task, struct fault *fault)
{
    static const char go_on = 1;
    if (!task->starting || task->starting->watch.fd < 0 || send(task->starting->watch.fd, &go_on, 1, MSG_NOSIGNAL) != 1) {
        return refuse(fault, SWL_STEP_CLONE, ESRCH, "the new process ended before it could go on");
    }
    return 0;
}

void task_abort(struct task *task, const struct fault *fault)
{
    if (task->starting) {
        task->starting->fault = *fault;
        task_kill(task, -1); // tasks_reap() answers
    }
}

int task_cgroup(struct request *request, const struct record *record, int *cgroup, struct fault *fault)
{
    *cgroup = take(&request->cgroup);
    if (*cgroup < 0 && record->cgroup_path) {
        *cgroup = open(record->cgroup_path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (*cgroup < 0) {
            return fail(fault, SWL_STEP_CGROUP, "open the cgroup \"%.300s\"", record->cgroup_path);
        }
    }
    return 0;
}

int open_network(pid_t pid)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}
