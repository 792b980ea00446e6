// Children of the shim, of whatever kind: made, followed to their exec, reaped.
#pragma once

#include "sandbox/readers.h"

// What the kinds of tasks do differently: pause_kind, container_kind, exec_kind.
struct task_kind {
    // In the new process.
    void (*run)(struct child *child) __attribute__((noreturn));
    // Whether it is answered for, and waits for START, where its child waits in child_await().
    bool is_held;
    // Whether a reply names its network namespace.
    bool shows_network;
    // The fail point of its start.
    const char *started_point;
    // Writes the file that a later agent finds it in.
    int (*save)(struct task *task, struct fault *fault);
    // Takes what the child has handed over by a report of this kind, if it is for this process to have.
    int (*receive)(struct task *task, enum report_kind report, int *descriptor, struct fault *fault);
    // Its program runs, and the client knows.
    void (*started)(struct task *task);
    // Its first process has ended.
    void (*ended)(struct task *task, const struct swl_exit *exit);
    // Asks the kernel to end it, with all that belongs to it.
    void (*kill)(struct task *task);
    // Frees what it holds.
    void (*forget)(struct task *task);
};

// task.c
struct task_clone {
    uint64_t flags;    // CLONE_NEW* of clone3
    int pid_namespace; // pidfd whose pid namespace the child goes into, or -1
    int cgroup;
};
// The child with the process' pidfd in the task. Its pid, or -1.
pid_t task_clone(struct task *task, const struct task_clone *clone, struct child *child, struct fault *fault);
// Asks the kernel to end it, with everything in `cgroup` when there is one.
void task_kill(struct task *task, int cgroup);
// Lets a child go on that is, or will be, in child_await().
int task_continue(struct task *task, struct fault *fault);
// Ends a child that has not exec'ed yet; whoever waits for its start is told `fault`.
void task_abort(struct task *task, const struct fault *fault);
// The cgroup that came with the request or that the record names; -1 when there is none.
int task_cgroup(struct request *request, const struct record *record, int *cgroup, struct fault *fault);
// The network namespace of a child of this process (not reaped yet, so the pid is its own); -1 and errno.
int open_network(pid_t pid);

// task_reports.c
// Reads what has come. True when the end was reached: the child runs its program, or is dead.
bool starting_read_reports(struct task *task);
// `pid` is dead, but another process has taken over from it.
bool starting_moved(struct task *task, pid_t pid);
void starting_warn(struct starting *starting, const struct fault *fault);

// task_start.c
// Clones the child. The answer to `request` is sent when its exec succeeded or failed.
int task_start(struct task *task, const struct task_clone *clone, struct child *child, struct client *client,
               const struct request *request, struct fault *fault);
// The child is dead. False when it never ran and is forgotten.
bool starting_ended(struct task *task, int status);
// START: lets a held one go on, and answers this request then.
int task_go(struct task *task, struct client *client, const struct request *request, struct fault *fault);

// task_end.c
void tasks_reap(struct sandbox *sandbox);
